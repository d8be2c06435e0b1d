import packageJson from "../../package.json" with { type: "json" };
import type { CommandContext } from "./command.ts";
import { exitCodes } from "./exit-code.ts";

export const version: string = packageJson.version;

export function describeVersion(): string {
  return `yurt ${version} (bun ${Bun.version}, ${process.platform}-${process.arch})`;
}

export async function printVersion({ stdout }: CommandContext): Promise<number> {
  stdout.write(`${describeVersion()}\n`);
  return exitCodes.done;
}
