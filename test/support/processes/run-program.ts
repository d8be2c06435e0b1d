import type { Output } from "../../../src/cli/command.ts";
import { run } from "../../../src/cli/program.ts";
import { readTextFile } from "../../../src/config/sources.ts";

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** The paths at which a configuration file is looked for. None by default. */
  readonly configurationPaths?: readonly string[];
  /** True if standard output is a terminal. */
  readonly isTTY?: boolean;
  /** The error that a write to standard output ends with, if it fails. */
  readonly failure?: () => Error | undefined;
}

/** Runs the program in this process, as `yurt` with these arguments. */
export async function yurt(args: readonly string[], options: ProgramOptions = {}) {
  const { environment = {}, configurationPaths = [], isTTY = false, failure } = options;
  const written = { out: "", err: "" };
  const stdout: Output = {
    isTTY,
    write: (text, taken) => {
      const error = failure?.();
      if (error === undefined) written.out += text;
      taken?.(error);
    },
  };
  const stderr: Output = { write: (text) => (written.err += text) };
  const code = await run({ args, environment, readFile: readTextFile, configurationPaths, stdout, stderr });
  return { code, ...written };
}
