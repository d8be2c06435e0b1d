import { type OptionKey, options } from "../../../src/composition/settings/options.ts";
import { loadSettings, type ServerConfiguration } from "../../../src/composition/settings/settings.ts";
import { flagOf } from "../../../src/config/option.ts";
import type { SettingProblem } from "../../../src/config/problem.ts";
import type { Environment, GivenFlag } from "../../../src/config/sources.ts";

export type Flags = Partial<Record<OptionKey, string>>;

/** The existing files, by their path. */
export type Files = Readonly<Record<string, string>>;

/** Reads from these files; any other path fails with ENOENT. */
export function readFrom(files: Files): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return text;
  };
}

function load(environment: Environment, flags: Flags, files: Files) {
  return loadSettings({ environment, flags: givenFlags(flags), readFile: readFrom(files) });
}

/** Flags as the command line gives them. */
export function givenFlags(flags: Flags): ReadonlyMap<string, GivenFlag> {
  // Object.entries loses the literal types.
  const entries = Object.entries(flags) as [OptionKey, string][];
  return new Map(entries.map(([key, value]) => [key, { flag: flagOf(key, options[key], value), value }]));
}

/** Throws if the configuration has a problem. */
export function accepted(environment: Environment, flags: Flags = {}, files: Files = {}): ServerConfiguration {
  const loaded = load(environment, flags, files);
  if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.problems)}`);
  return loaded.configuration;
}

/** The problems of settings. Throws if the configuration has none, or if its file has others. */
export function refused(environment: Environment, flags: Flags = {}, files: Files = {}): readonly SettingProblem[] {
  const loaded = load(environment, flags, files);
  if (loaded.ok) throw new Error(`accepted: ${JSON.stringify(loaded.configuration.values)}`);
  return loaded.problems.map((problem) => {
    if (!("setting" in problem)) throw new Error(problem.message);
    return problem;
  });
}
