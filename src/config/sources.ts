import { readFileSync } from "node:fs";
import { fileVariableOf, flagOf, type Option, type OptionKey, options, variableOf } from "./options.ts";
import { hiddenValue, type Origin, type Problem } from "./problem.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The text of a file; throws when there is none to be had. */
export type ReadFile = (path: string) => string;

/** What was given, before it is checked. */
export interface Sources {
  readonly environment: Environment;
  /** The values of the flags that were given; a boolean's is `true` or `false`. */
  readonly flags: ReadonlyMap<OptionKey, string>;
  /** For secrets that are in files of their own. */
  readonly readFile: ReadFile;
}

export interface Given {
  readonly value: string;
  readonly origin: Origin;
}

/** The variables of this process: the only place that reads them. */
export function readEnvironment(): Environment {
  return process.env;
}

/** Bytes that are no text would be read as a secret that nobody has chosen. */
export function readTextFile(path: string): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
}

/** What counts for `key`; undefined when nothing was given. */
export function givenFor(key: OptionKey, sources: Sources): Given | Problem | undefined {
  const { environment, flags } = sources;
  const flagged = flags.get(key);
  if (flagged !== undefined) return { value: flagged, origin: { from: "flag", flag: flagOf(key, flagged) } };
  const filed = filedFor(key, sources);
  if (filed !== undefined) return filed;
  const own = environment[variableOf(key)];
  if (own !== undefined) return { value: own, origin: { from: "environment", variable: variableOf(key) } };
  const { platformVariable }: Option<unknown> = options[key];
  const platform = platformVariable === undefined ? undefined : environment[platformVariable];
  if (platformVariable === undefined || platform === undefined || platform === "") return undefined;
  return { value: platform, origin: { from: "environment", variable: platformVariable } };
}

/** The secret in the file that a variable names. The name is not told either: somebody may have given the secret. */
function filedFor(key: OptionKey, { environment, readFile }: Sources): Given | Problem | undefined {
  const variable = fileVariableOf(key);
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
    return problem(`The file that ${variable} names cannot be read${codeOf(error)}. Give the path of a text file.`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
}
