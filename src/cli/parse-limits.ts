import { limitOptions } from "../composition/settings/limit-options.ts";
import { nearestName } from "../config/nearest-name.ts";

const names: readonly string[] = Object.keys(limitOptions).map((key) => key.slice("limits.".length));

/**
 * Reads `name=number,…`, the value of `--limits`, into texts by the keys of their options. Returns a sentence when a name
 * is unknown, stands twice or has no number; the numbers themselves are checked as those of the single flags are.
 */
export function parseLimits(text: string): ReadonlyMap<string, string> | string {
  const read = new Map<string, string>();
  for (const setting of text.split(",").filter((each) => each.trim() !== "")) {
    const [, name = "", value] = /^\s*([^\s=]*)\s*=\s*(\d+)\s*$/.exec(setting) ?? [];
    if (value === undefined) return `"${setting.trim()}" is not name=number.`;
    if (!names.includes(name)) return describeUnknown(name);
    if (read.has(`limits.${name}`)) return `"${name}" is given twice.`;
    read.set(`limits.${name}`, value);
  }
  return read;
}

function describeUnknown(name: string): string {
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? "Run yurt limits to list them." : `Did you mean ${nearest}?`;
  return `There is no limit "${name}". ${hint}`;
}
