import type { Setting } from "../../config/load.ts";
import { flagOf, textOf, variableOf } from "../../config/option.ts";
import { describePosition, type Origin } from "../../config/problem.ts";
import { type OptionKey, options } from "./options.ts";

/** `--host 0.0.0.0`, `YURT_HOST=0.0.0.0` or `host = "0.0.0.0" (./yurt.toml:1:8)`. */
export function asGiven(key: OptionKey, { written, origin }: Setting): string {
  const text = textOf(written ?? "");
  switch (origin.from) {
    case "flag":
      return `${origin.flag} ${text}`;
    case "environment":
      return `${origin.variable}=${text}`;
    case "file":
      return `${key} = ${JSON.stringify(written)} (${describePosition(origin)})`;
    case "default":
      return `The default ${text}`;
  }
}

/** A setting in the spelling of the source that another one comes from. */
export function inSpellingOf({ from }: Origin, key: OptionKey, value?: string): string {
  switch (from) {
    case "environment":
      return value === undefined ? variableOf(key) : `${variableOf(key)}=${value}`;
    case "file":
      return value === undefined ? key : `${key} = "${value}"`;
    default:
      return value === undefined ? flagOf(key, options[key]) : `${flagOf(key, options[key])} ${value}`;
  }
}
