import { limitKeyOf } from "../composition/settings/limit-options.ts";
import { limitTable } from "../composition/settings/limits.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { print } from "./output/print.ts";

/** Lists all bounds with their defaults, as a table on a terminal and as lines with tabs elsewhere. */
export async function listLimits({ stdout }: CommandInput): Promise<number> {
  const rows = Object.entries(limitTable).map(([name, limit]) => [
    limitKeyOf(name).slice("limits.".length),
    String(limit.default),
    limit.unit,
    limit.help,
  ]);
  const lines = stdout.isTTY === true ? rows.map(paddedLine) : rows.map((cells) => cells.join("\t"));
  await print(stdout, lines.map((line) => `${line}\n`).join(""));
  return exitCodes.done;
}

/** The help is on a line of its own: 80 columns hold no more than the first three. */
function paddedLine([name = "", value = "", unit = "", help = ""]: readonly string[]): string {
  return `${name.padEnd(30)} ${value.padStart(12)} ${unit}\n    ${help}`;
}
