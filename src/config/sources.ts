import { readFileSync } from "node:fs";
import type { ConfigurationFile } from "./file/configuration-file.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the text of a file; throws when it cannot be read. */
export type ReadFile = (path: string) => string;

/** The settings as they were given, before they are checked. */
export interface Sources {
  readonly environment: Environment;
  /** The flags that were given, by the key of the option that they set. */
  readonly flags: ReadonlyMap<string, GivenFlag>;
  /** Reads secrets that are in files of their own. */
  readonly readFile: ReadFile;
  /** The configuration file; missing when there is none. */
  readonly file?: ConfigurationFile;
}

export interface GivenFlag {
  /** The long form of the flag, with its hyphens. `--limits` is the flag of several options. */
  readonly flag: string;
  /** The text of the value; `true` or `false` for a boolean. */
  readonly value: string;
}

/** The variables of this process: the only place that reads them. */
export function readEnvironment(): Environment {
  return process.env;
}

/** Throws for bytes that are not UTF-8: replacement characters would change a secret. */
export function readTextFile(path: string): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
}
