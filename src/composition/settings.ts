import { type Configuration, type LoadedConfiguration, loadConfiguration } from "../config/load.ts";
import type { Values } from "../config/option.ts";
import type { Sources } from "../config/sources.ts";
import { crossProblems } from "./cross-checks.ts";
import { type OptionKey, options } from "./options.ts";

/** The type of each setting's value, by its key. */
export type SettingValues = Values<typeof options>;

export type LoadedSettings = LoadedConfiguration<typeof options>;

export type ServerConfiguration = Configuration<typeof options>;

/** Reads and checks Yurt's settings, or those among `keys`: see `loadConfiguration`. */
export function loadSettings(sources: Sources, keys?: readonly OptionKey[]): LoadedSettings {
  return loadConfiguration({ options, crossProblems }, sources, keys);
}
