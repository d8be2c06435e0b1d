import { optionKeys } from "../../composition/settings/options.ts";
import { loadSettings, type ServerConfiguration } from "../../composition/settings/settings.ts";
import type { CommandContext } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { describeProblems } from "../output/configuration-problems.ts";
import { formatThings, print } from "../output/print.ts";
import { wrapped } from "../output/wrapped.ts";
import { configurationWarnings } from "./warnings.ts";

const labelWidth = 14;

/** Checks the configuration that `yurt serve` would start with, and says what it was read from. */
export async function check({ sources, stdout, stderr }: CommandContext): Promise<number> {
  const loaded = loadSettings(sources);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const { configuration } = loaded;
  await print(stdout, `The configuration is valid.\n\n${describeOrigins(configuration)}\n`);
  for (const { text } of configurationWarnings(configuration)) {
    stderr.write(`${wrapped(`yurt: Warning: ${text}`, "").replaceAll("\n", "\n  ")}\n`);
  }
  return exitCodes.done;
}

function describeOrigins({ origins, file }: ServerConfiguration): string {
  const all = optionKeys.map((key) => origins[key]);
  const variables = all.flatMap((origin) => (origin.from === "environment" ? [origin.variable] : []));
  const flags = all.flatMap((origin) => (origin.from === "flag" ? [origin.flag] : []));
  const filed = all.filter(({ from }) => from === "file").length;
  const defaults = all.filter(({ from }) => from === "default").length;
  return [
    line("File", file === undefined ? "none" : `${file.path} (${formatThings(filed, "setting")})`),
    line("Environment", variables.length === 0 ? "none" : variables.join(", ")),
    line("Flags", flags.length === 0 ? "none" : [...new Set(flags)].join(", ")),
    line("Defaults", formatThings(defaults, "setting")),
  ].join("\n");
}

function line(label: string, text: string): string {
  return `  ${label.padEnd(labelWidth)}${wrapped(text, " ".repeat(labelWidth + 2)).trimStart()}`;
}
