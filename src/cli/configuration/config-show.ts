import { type OptionKey, optionKeys, options } from "../../composition/settings/options.ts";
import { isReloadable } from "../../composition/settings/reload.ts";
import { loadSettings, type ServerConfiguration } from "../../composition/settings/settings.ts";
import { tomlOf } from "../../config/file/write-toml.ts";
import type { Input } from "../../config/option.ts";
import { describeOrigin, shownValue } from "../../config/problem.ts";
import type { CommandInput } from "../command.ts";
import { exitCodes } from "../exit-code.ts";
import { describeProblems } from "../output/configuration-problems.ts";
import { print } from "../output/print.ts";

/** Shorter settings leave the column of the origins where it is. */
const settingWidth = 38;

/** Prints every setting as a line of TOML with its origin as a comment, or as a JSON object. Secrets are masked. */
export async function showConfiguration({ sources, switches, stdout, stderr }: CommandInput): Promise<number> {
  const loaded = loadSettings(sources);
  if (!loaded.ok) {
    stderr.write(describeProblems(loaded.problems));
    return exitCodes.badConfiguration;
  }
  const format = switches.has("json") ? jsonLine : tomlLine;
  await print(stdout, optionKeys.map((key) => `${format(key, loaded.configuration)}\n`).join(""));
  return exitCodes.done;
}

function tomlLine(key: OptionKey, configuration: ServerConfiguration): string {
  const value = shown(key, configuration);
  const setting = value === undefined ? `# ${key}` : `${key} = ${tomlOf(value)}`;
  const origin = value === undefined ? "not set" : describeOrigin(configuration.origins[key]);
  return `${setting.padEnd(settingWidth)} # ${origin}`;
}

function jsonLine(key: OptionKey, configuration: ServerConfiguration): string {
  const value = shown(key, configuration) ?? null;
  return JSON.stringify({ setting: key, value, ...configuration.origins[key], reloadable: isReloadable(key) });
}

function shown(key: OptionKey, { inputs }: ServerConfiguration): Input | undefined {
  const input = inputs[key];
  return input === undefined ? undefined : shownValue(options[key], input);
}
