import { errorCode } from "../lib/error-code.ts";
import type { FileValue } from "./file/configuration-file.ts";
import { describeFileType, inputOfFile, shownInFile } from "./file/file-input.ts";
import { fileKeyOf, fileVariableOf, type Input, inputOf, type Option, type OptionKind, variableOf } from "./option.ts";
import { hiddenValue, type Origin, type SettingProblem, shownValue } from "./problem.ts";
import type { Environment, Sources } from "./sources.ts";

export interface Given {
  /** The value before its schema has read it. */
  readonly input: Input;
  /** The value as it was written: the text of a flag or a variable, or the value in the file. Secrets are not masked. */
  readonly written: Input;
  readonly origin: Origin;
}

/**
 * The value of `key` that takes precedence: flags over the environment, and that over the configuration file. Undefined
 * when none was given.
 */
export function givenFor(key: string, option: Option<unknown>, sources: Sources): Given | SettingProblem | undefined {
  const flagged = sources.flags.get(key);
  if (flagged !== undefined) {
    return givenAsText(option.kind, flagged.value, { from: "flag", flag: flagged.flag });
  }
  return givenByVariable(key, option, sources) ?? givenInFile(key, option, sources);
}

function givenAsText(kind: OptionKind, text: string, origin: Origin): Given {
  return { input: inputOf(kind, text), written: text, origin };
}

function givenByVariable(key: string, option: Option<unknown>, sources: Sources): Given | SettingProblem | undefined {
  const { environment } = sources;
  const own = environment[variableOf(key)];
  const ofFile = fileVariableOf(key, option);
  const path = ofFile === undefined ? undefined : environment[ofFile];
  if (ofFile !== undefined && path !== undefined) {
    const origin: Origin = { from: "environment", variable: ofFile };
    const other = own === undefined ? undefined : variableOf(key);
    return secretIn({ key, option, origin, path, name: ofFile, other }, sources);
  }
  if (own !== undefined) {
    return givenAsText(option.kind, own, { from: "environment", variable: variableOf(key) });
  }
  return givenByPlatform(option, environment);
}

/** The value of a variable that the platform sets. */
export function givenByPlatform(
  { kind, platformVariable }: Option<unknown>,
  environment: Environment,
): Given | undefined {
  const value = platformVariable === undefined ? undefined : environment[platformVariable];
  if (platformVariable === undefined || value === undefined || value === "") return undefined;
  return givenAsText(kind, value, { from: "environment", variable: platformVariable });
}

function givenInFile(key: string, option: Option<unknown>, sources: Sources): Given | SettingProblem | undefined {
  const own = sources.file?.values.get(key);
  const name = fileKeyOf(key, option);
  const ofFile = name === undefined ? undefined : sources.file?.values.get(name);
  if (name !== undefined && ofFile !== undefined) {
    const origin: Origin = { from: "file", ...ofFile.position };
    const path = inputOfFile("text", ofFile.value);
    if (typeof path !== "string")
      return wrongType(key, { ...option, kind: "text", expected: "the path of a text file" }, ofFile);
    return secretIn({ key, option, origin, path, name, other: own === undefined ? undefined : key }, sources);
  }
  if (own === undefined) return undefined;
  const input = inputOfFile(option.kind, own.value);
  if (input === undefined) return wrongType(key, option, own);
  return { input, written: shownInFile(own.value), origin: { from: "file", ...own.position } };
}

function wrongType(key: string, option: Option<unknown>, { value, position }: FileValue): SettingProblem {
  return {
    setting: key,
    value: shownValue(option, shownInFile(value)),
    origin: { from: "file", ...position },
    remedy: describeFileType(option),
  };
}

interface SecretFile {
  readonly key: string;
  readonly option: Option<unknown>;
  readonly origin: Origin;
  readonly path: string;
  /** The variable or the key that names the file. */
  readonly name: string;
  /** The variable or the key that holds the secret itself; undefined if it is not given as well. */
  readonly other: string | undefined;
}

/**
 * The secret in the file at `path`. The path is never shown either: the variable may hold the secret itself by mistake.
 */
function secretIn(
  { key, option, origin, path, name, other }: SecretFile,
  { readFile }: Sources,
): Given | SettingProblem {
  const problem = (remedy: string): SettingProblem => ({ setting: key, value: hiddenValue, origin, remedy });
  if (other !== undefined) return problem(`Set ${name} or ${other}, not both.`);
  try {
    const secret = readFile(path).trimEnd();
    return secret === "" ? problem(`The file that ${name} names is empty.`) : givenAsText(option.kind, secret, origin);
  } catch (error) {
    return problem(`The file that ${name} names cannot be read${codeIn(error)}. Give the path of a text file.`);
  }
}

function codeIn(error: unknown): string {
  const code = errorCode(error);
  return code === undefined ? "" : ` (${code})`;
}
