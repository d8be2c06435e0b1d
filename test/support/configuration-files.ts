import { type OptionKey, options } from "../../src/composition/settings/options.ts";
import { loadSettings } from "../../src/composition/settings/settings.ts";
import { type ConfigurationFile, parseConfigurationFile } from "../../src/config/file/configuration-file.ts";
import { describeProblem } from "../../src/config/problem.ts";
import type { Environment } from "../../src/config/sources.ts";
import { type Files, type Flags, givenFlags, readFrom } from "./servers/configurations.ts";

/** A configuration file named `yurt.toml` with this text. */
export function fileWith(text: string, isReadableByOthers = false): Promise<ConfigurationFile> {
  return parseConfigurationFile(options, { path: "yurt.toml", text, isReadableByOthers });
}

export interface Given {
  readonly environment?: Environment;
  readonly flags?: Flags;
  readonly files?: Files;
  readonly keys?: readonly OptionKey[];
}

/** Loads the settings of a file with this text, and of what else is given. */
export async function loadFile(text: string, { environment = {}, flags = {}, files = {}, keys }: Given = {}) {
  const sources = { environment, flags: givenFlags(flags), readFile: readFrom(files), file: await fileWith(text) };
  return loadSettings(sources, keys);
}

/** Throws if the configuration has a problem. */
export async function acceptedFile(text: string, given: Given = {}) {
  const loaded = await loadFile(text, given);
  if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.problems)}`);
  return loaded.configuration;
}

/** Each problem as its first line and its remedy; none for a configuration that is accepted. */
export async function problemsOf(text: string, given: Given = {}): Promise<readonly (readonly [string, string])[]> {
  const loaded = await loadFile(text, given);
  return loaded.ok ? [] : loaded.problems.map((problem) => [describeProblem(problem), problem.remedy] as const);
}
