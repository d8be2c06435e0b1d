import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../lib/error-code.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { print } from "../output/print.ts";
import { sampleFile } from "./sample-file.ts";

/** Prints a configuration file, or writes it to a new file. */
export async function initConfiguration({ texts, stdout, stderr }: CommandInput): Promise<number> {
  const path = texts.get("output");
  if (path === undefined) {
    await print(stdout, sampleFile());
    return exitCodes.done;
  }
  try {
    writeFileSync(path, sampleFile(), { flag: "wx" });
  } catch (error) {
    stderr.write(`yurt: ${describeWriteError(error, path)}\n`);
    return exitCodes.failed;
  }
  await print(stdout, `${path} is written. Edit it, then run: yurt check --config ${path}\n`);
  return exitCodes.done;
}

function describeWriteError(error: unknown, path: string): string {
  const code = errorCode(error);
  switch (code) {
    case "EEXIST":
      return `${path} already exists. Choose another file name with --output.`;
    case "ENOENT":
    case "ENOTDIR":
      return `There is no folder ${dirname(path)}. Create it, or choose another file name.`;
    default:
      return `${path} cannot be written (${code ?? String(error)}). Choose another file name.`;
  }
}
