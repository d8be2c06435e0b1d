import { lstatSync, statSync } from "node:fs";
import { errorCode } from "../../lib/error-code.ts";
import type { OptionTable } from "../option.ts";
import type { Environment, ReadFile } from "../sources.ts";
import { type ConfigurationFile, parseConfigurationFile } from "./configuration-file.ts";

/** The flag and the variable that name the file. */
export const configurationFlag = "--config";
export const configurationVariable = "YURT_CONFIG";

/** The file is looked for at these paths when nothing names it. Only the first that exists is read. */
export const configurationPaths: readonly string[] =
  process.platform === "win32" ? ["./yurt.toml"] : ["./yurt.toml", "/etc/yurt/yurt.toml"];

export interface FileSearch {
  /** The value of the flag. */
  readonly flag: string | undefined;
  readonly environment: Environment;
  /** See `configurationPaths`. */
  readonly paths: readonly string[];
  /** The path that an earlier search of this process has found: the file must be there still. */
  readonly known?: string | undefined;
  readonly readFile: ReadFile;
}

/**
 * Reads the configuration file. Undefined when none is named and none is found. A named file that cannot be read is a
 * problem, and so is one that exists where it is looked for. A working directory that this user may not enter, as after
 * `sudo -u yurt`, has no file for them.
 */
export async function readConfigurationFile(
  options: OptionTable,
  { flag, environment, paths, known, readFile }: FileSearch,
): Promise<ConfigurationFile | undefined> {
  const variable = environment[configurationVariable];
  const named = flag ?? variable;
  if (named !== undefined) {
    const namedBy = flag === undefined ? configurationVariable : configurationFlag;
    if (named === "") return unreadable(namedBy, "The value is empty");
    return readAt(options, named, readFile) ?? unreadable(named, `${namedBy} names a file that does not exist`);
  }
  // Without its file a running server would take over the defaults, with an editor that replaces the file as the cause.
  if (known !== undefined) return readAt(options, known, readFile) ?? unreadable(known, "The file no longer exists");
  return searched(options, paths, readFile);
}

function searched(
  options: OptionTable,
  paths: readonly string[],
  readFile: ReadFile,
): Promise<ConfigurationFile> | ConfigurationFile | undefined {
  for (const path of paths) {
    if (isBehindClosedFolder(path)) continue;
    const found = readAt(options, path, readFile);
    if (found !== undefined) return found;
    if (isBrokenLink(path)) return unreadable(path, "The link leads to no file");
  }
  return undefined;
}

/** Undefined when there is no such file. */
function readAt(
  options: OptionTable,
  path: string,
  readFile: ReadFile,
): Promise<ConfigurationFile> | ConfigurationFile | undefined {
  let text: string;
  try {
    text = readFile(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    // System errors are E and a word; the decoder's begin with ERR_.
    const isSystemError = code !== undefined && !code.startsWith("ERR_");
    return unreadable(path, isSystemError ? `The file cannot be read (${code})` : "The file is not UTF-8 text");
  }
  return parseConfigurationFile(options, { path, text, isReadableByOthers: isReadableByOthers(path) });
}

/** Whether this user may not even know whether the file exists. */
function isBehindClosedFolder(path: string): boolean {
  try {
    statSync(path, { throwIfNoEntry: false });
    return false;
  } catch (error) {
    return errorCode(error) === "EACCES";
  }
}

/** A file that was meant to be there, as on a volume that is not mounted. Without it the defaults would count. */
function isBrokenLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

function unreadable(path: string, message: string): ConfigurationFile {
  const remedy = `Give the path of a text file with ${configurationFlag} or ${configurationVariable}.`;
  const problem = { path, position: undefined, message, remedy, concerns: undefined };
  return { path, values: new Map(), problems: [problem], isComplete: false, exposesSecrets: false };
}

/** Windows has no such bits. */
function isReadableByOthers(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return process.platform !== "win32" && (mode & 0o004) !== 0;
}
