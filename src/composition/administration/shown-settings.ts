import { describeOrigin, shownValue } from "../../config/problem.ts";
import type { ShownSetting } from "../../config/shown-setting.ts";
import { optionKeys, options } from "../settings/options.ts";
import { isReloadable } from "../settings/reload.ts";
import type { ServerConfiguration } from "../settings/settings.ts";

/** All settings, in the order of the table of options. */
export function shownSettings({ inputs, origins }: Pick<ServerConfiguration, "inputs" | "origins">): ShownSetting[] {
  return optionKeys.map((key) => {
    const input = inputs[key];
    const value = input === undefined ? null : shownValue(options[key], input);
    const origin = value === null ? "not set" : describeOrigin(origins[key]);
    return { setting: key, value, origin, reloadable: isReloadable(key) };
  });
}
