import { Option as Flag, InvalidArgumentError } from "commander";
import { type OptionKey, optionKeys, optionOf, options } from "../composition/settings/options.ts";
import { configurationFlag } from "../config/file/read-file.ts";
import { flagOf } from "../config/option.ts";
import type { GivenFlag } from "../config/sources.ts";
import { parseLimits } from "./parse-limits.ts";

/** One-letter spellings of flags. */
export const shortFlags: Partial<Readonly<Record<OptionKey, string>>> = { port: "-p" };

/** The flag of a setting that help, reference and completion show: for a boolean, the one that changes its default. */
export function shownFlag(key: OptionKey): { readonly flag: string; readonly help: string } {
  const option = optionOf(key);
  const isOn = option.default === true;
  return {
    flag: flagOf(key, option, String(!isOn)),
    help: isOn ? (option.negativeHelp ?? `do not ${option.help}`) : option.help,
  };
}

interface OptionFlag {
  readonly key: OptionKey;
  readonly flag: Flag;
}

/** The flags of all settings, `--limits` and `--config`. */
export class SettingFlags {
  readonly #settings: readonly OptionFlag[] = optionKeys.flatMap(flagsOf);
  /** Sets several bounds at once; the flag of a single bound takes precedence. */
  readonly #limits = new Flag("--limits <name=number,…>").argParser((text: string) => {
    const read = parseLimits(text);
    if (typeof read === "string") throw new InvalidArgumentError(read);
    return read;
  });

  readonly #configuration = new Flag(`${configurationFlag} <file>`);

  get all(): readonly Flag[] {
    return [...this.#settings.map(({ flag }) => flag), this.#limits, this.#configuration];
  }

  /** The path of the configuration file, if the command line gives one. */
  configuration(read: (attributeName: string) => unknown): string | undefined {
    const path = read(this.#configuration.attributeName());
    return path === undefined ? undefined : String(path);
  }

  /** The flags that a command line gives, by the keys of their options. `read` returns what commander has parsed. */
  given(read: (attributeName: string) => unknown): ReadonlyMap<string, GivenFlag> {
    const given = new Map<string, GivenFlag>();
    const limits = read(this.#limits.attributeName());
    if (limits instanceof Map) for (const [key, value] of limits) given.set(key, { flag: "--limits", value });
    for (const { key, flag } of this.#settings) {
      const value = read(flag.attributeName());
      if (value === undefined) continue;
      const text = String(value);
      given.set(key, { flag: flagOf(key, options[key], text), value: text });
    }
    return given;
  }
}

/** A boolean has two flags. */
function flagsOf(key: OptionKey): readonly OptionFlag[] {
  const option = optionOf(key);
  if (option.kind === "boolean") {
    return ["true", "false"].map((value) => ({ key, flag: new Flag(flagOf(key, option, value)) }));
  }
  const short = shortFlags[key];
  const flags = short === undefined ? flagOf(key, option) : `${short}, ${flagOf(key, option)}`;
  return [{ key, flag: new Flag(`${flags} <${option.placeholder}>`) }];
}
