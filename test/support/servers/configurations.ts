import type { OptionKey } from "../../../src/composition/options.ts";
import { loadSettings, type ServerConfiguration } from "../../../src/composition/settings.ts";
import type { Problem } from "../../../src/config/problem.ts";
import type { Environment } from "../../../src/config/sources.ts";

export type Flags = Partial<Record<OptionKey, string>>;

/** The files that there are, by their path. */
export type Files = Readonly<Record<string, string>>;

/** What is told of a file that there is not. */
export function readFrom(files: Files): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return text;
  };
}

function load(environment: Environment, flags: Flags, files: Files) {
  // Object.entries forgets the literal types.
  const given = new Map(Object.entries(flags) as [OptionKey, string][]);
  return loadSettings({ environment, flags: given, readFile: readFrom(files) });
}

/** Throws when there is a problem. */
export function accepted(environment: Environment, flags: Flags = {}, files: Files = {}): ServerConfiguration {
  const loaded = load(environment, flags, files);
  if (!loaded.ok) throw new Error(`refused: ${JSON.stringify(loaded.problems)}`);
  return loaded.configuration;
}

/** Throws when there is none. */
export function refused(environment: Environment, flags: Flags = {}, files: Files = {}): readonly Problem[] {
  const loaded = load(environment, flags, files);
  if (loaded.ok) throw new Error(`accepted: ${JSON.stringify(loaded.configuration.values)}`);
  return loaded.problems;
}
