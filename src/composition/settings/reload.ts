import { type OptionKey, optionKeys, optionOf } from "./options.ts";
import type { ServerConfiguration } from "./settings.ts";

/** The difference between the configuration of a running server and the one that it finds when it is asked to reload. */
export interface Reload {
  /** The configuration from now on: the new values of reloadable settings, and the former ones of all others. */
  readonly configuration: ServerConfiguration;
  /** The settings that have changed. */
  readonly changed: readonly OptionKey[];
  /** The settings that were changed and keep their former values until the server is started again. */
  readonly needRestart: readonly OptionKey[];
}

/** Compares the configurations. A setting that is given as its default has not changed. */
export function reloadOf(current: ServerConfiguration, next: ServerConfiguration): Reload {
  const differing = optionKeys.filter((key) => inputIn(current, key) !== inputIn(next, key));
  const { true: changed = [], false: needRestart = [] } = Object.groupBy(differing, (key) => String(isReloadable(key)));
  const kept = (field: "values" | "origins" | "inputs") => {
    const entries = optionKeys.map((key) => [key, (isReloadable(key) ? next : current)[field][key]]);
    return Object.fromEntries(entries);
  };
  return {
    // Object.fromEntries forgets which value belongs to which key.
    configuration: {
      ...next,
      values: kept("values") as ServerConfiguration["values"],
      origins: kept("origins") as ServerConfiguration["origins"],
      inputs: kept("inputs") as ServerConfiguration["inputs"],
    },
    changed,
    needRestart,
  };
}

export function isReloadable(key: OptionKey): boolean {
  return optionOf(key).isReloadable === true;
}

/** The value before its schema has read it, as a text that differs if the value does. */
function inputIn({ inputs }: ServerConfiguration, key: OptionKey): string {
  return JSON.stringify(inputs[key] ?? null);
}
