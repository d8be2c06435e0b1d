import { readFileSync } from "node:fs";
import { errorCode } from "../lib/error-code.ts";
import { fileVariableOf, type Option, variableOf } from "./option.ts";
import { hiddenValue, type Origin, type Problem } from "./problem.ts";

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
}

export interface GivenFlag {
  /** The long form of the flag, with its hyphens. `--limits` is the flag of several options. */
  readonly flag: string;
  /** The text of the value; `true` or `false` for a boolean. */
  readonly value: string;
}

export interface Given {
  readonly value: string;
  readonly origin: Origin;
}

/** The variables of this process: the only place that reads them. */
export function readEnvironment(): Environment {
  return process.env;
}

/** Throws for bytes that are not UTF-8: replacement characters would change a secret. */
export function readTextFile(path: string): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
}

/** The value of `key` that takes precedence; undefined when none was given. */
export function givenFor(key: string, option: Option<unknown>, sources: Sources): Given | Problem | undefined {
  const { environment, flags } = sources;
  const flagged = flags.get(key);
  if (flagged !== undefined) return { value: flagged.value, origin: { from: "flag", flag: flagged.flag } };
  const filed = filedFor(key, option, sources);
  if (filed !== undefined) return filed;
  const own = environment[variableOf(key)];
  if (own !== undefined) return { value: own, origin: { from: "environment", variable: variableOf(key) } };
  const { platformVariable } = option;
  const platform = platformVariable === undefined ? undefined : environment[platformVariable];
  if (platformVariable === undefined || platform === undefined || platform === "") return undefined;
  return { value: platform, origin: { from: "environment", variable: platformVariable } };
}

/**
 * The secret in the file that a variable names. The file's name is never shown either: the variable may hold the secret
 * itself by mistake.
 */
function filedFor(
  key: string,
  option: Option<unknown>,
  { environment, readFile }: Sources,
): Given | Problem | undefined {
  const variable = fileVariableOf(key, option);
  const path = variable === undefined ? undefined : environment[variable];
  if (variable === undefined || path === undefined) return undefined;
  const origin: Origin = { from: "environment", variable };
  const problem = (remedy: string): Problem => ({ setting: key, value: hiddenValue, origin, remedy });
  if (environment[variableOf(key)] !== undefined) {
    return problem(`Set ${variable} or ${variableOf(key)}, not both.`);
  }
  try {
    const value = readFile(path).trimEnd();
    return value === "" ? problem(`The file that ${variable} names is empty.`) : { value, origin };
  } catch (error) {
    return problem(`The file that ${variable} names cannot be read${codeIn(error)}. Give the path of a text file.`);
  }
}

function codeIn(error: unknown): string {
  const code = errorCode(error);
  return code === undefined ? "" : ` (${code})`;
}
