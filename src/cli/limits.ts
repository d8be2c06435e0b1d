import { limitKeyOf } from "../composition/settings/limit-options.ts";
import { limitTable } from "../composition/settings/limits.ts";
import type { Limit } from "../config/limit.ts";
import type { CommandInput } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { print } from "./output/print.ts";
import { wrapped } from "./output/wrapped.ts";

/**
 * Lists all bounds with their defaults and what happens beyond them: on a terminal as a table of 80 columns, elsewhere
 * as lines with tabs.
 */
export async function listLimits({ stdout }: CommandInput): Promise<number> {
  const format = stdout.isTTY === true ? forPeople : tabSeparated;
  const lines = Object.entries<Limit>(limitTable).map(([name, limit]) => format(nameOf(name), limit));
  await print(stdout, lines.map((line) => `${line}\n`).join(""));
  return exitCodes.done;
}

function nameOf(name: string): string {
  return limitKeyOf(name).slice("limits.".length);
}

function tabSeparated(name: string, { default: value, unit, help, beyond = "" }: Limit): string {
  return [name, value, unit, help, beyond].join("\t");
}

/** The texts are on lines of their own: 80 columns hold no more than the first three. */
function forPeople(name: string, { default: value, unit, help, beyond }: Limit): string {
  const then = beyond === undefined ? [] : [wrapped(`Beyond it: ${beyond}`, "    ")];
  return [`${name.padEnd(38)} ${String(value).padStart(12)} ${unit}`, wrapped(help, "    "), ...then].join("\n");
}
