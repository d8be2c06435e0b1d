import * as v from "valibot";
import { nearestName } from "./nearest-name.ts";
import {
  elementsOf,
  fileVariableOf,
  inputOf,
  type Option,
  type OptionTable,
  type Values,
  variableOf,
  variablePrefix,
} from "./option.ts";
import { type Origin, type Problem, shownValue } from "./problem.ts";
import { type Environment, type Given, givenFor, type Sources } from "./sources.ts";

/** The options that a configuration is made of. */
export interface ConfigurationSchema<Table extends OptionTable> {
  readonly options: Table;
  /** Finds the settings that do not go together, each valid by itself. */
  readonly crossProblems: (settings: Settings) => readonly Problem[];
}

export interface Setting {
  readonly value: unknown;
  /** The value as it was given; undefined for a default. */
  readonly text: string | undefined;
  readonly origin: Origin;
}

/** The settings that have no problem of their own, by the keys of their options. */
export type Settings = ReadonlyMap<string, Setting>;

/** A variable with Yurt's prefix that no option has. Its value is not shown: it may be a secret. */
export interface UnknownVariable {
  readonly variable: string;
  readonly nearest: string | undefined;
}

export interface Configuration<Table extends OptionTable> {
  readonly values: Values<Table>;
  readonly origins: Readonly<Record<keyof Table, Origin>>;
  /** The values as they were given, secrets included; undefined for a default. */
  readonly texts: Readonly<Record<keyof Table, string | undefined>>;
  readonly unknownVariables: readonly UnknownVariable[];
}

export type LoadedConfiguration<Table extends OptionTable> =
  | { readonly ok: true; readonly configuration: Configuration<Table> }
  /** All problems at once. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads and checks all settings. Flags take precedence over the environment, the environment over the defaults. Only the
 * value that takes precedence is checked.
 *
 * Settings that are not among `keys` keep their defaults, whatever is given: a command needs no more than it uses. A problem between settings counts if its setting is among `keys`.
 */
export function loadConfiguration<Table extends OptionTable>(
  { options, crossProblems }: ConfigurationSchema<Table>,
  sources: Sources,
  keys: readonly (keyof Table)[] = Object.keys(options),
): LoadedConfiguration<Table> {
  const settings = new Map<string, Setting>();
  const problems: Problem[] = [];
  for (const [key, option] of Object.entries(options)) {
    const given = keys.includes(key) ? givenFor(key, option, sources) : undefined;
    if (given === undefined) {
      settings.set(key, { value: defaultOf(option), text: undefined, origin: { from: "default" } });
      continue;
    }
    if ("remedy" in given) {
      problems.push(given);
      continue;
    }
    const checked = v.safeParse(option.schema, inputOf(option.kind, given.value));
    if (checked.success) settings.set(key, { value: checked.output, text: given.value, origin: given.origin });
    else problems.push(refused(key, option, given));
  }
  problems.push(...crossProblems(settings).filter(({ setting }) => keys.includes(setting)));
  if (problems.length > 0) return { ok: false, problems };
  const values = Object.fromEntries([...settings].map(([key, { value }]) => [key, value]));
  const origins = Object.fromEntries([...settings].map(([key, { origin }]) => [key, origin]));
  const texts = Object.fromEntries([...settings].map(([key, { text }]) => [key, text]));
  return {
    ok: true,
    configuration: {
      // Without problems every key has a value that its schema has returned.
      values: values as Values<Table>,
      origins: origins as Record<keyof Table, Origin>,
      texts: texts as Record<keyof Table, string | undefined>,
      unknownVariables: unknownVariables(options, sources.environment),
    },
  };
}

/** The value of an option that was not given. */
export function defaultOf<T>(option: Option<T>): T {
  return v.parse(option.schema, option.default);
}

function refused(key: string, option: Option<unknown>, { value, origin }: Given): Problem {
  const wrong = wrongElements(option, value).map((element) => JSON.stringify(shownValue(option, element)));
  const found = wrong.length > 0 ? `Not accepted: ${wrong.join(", ")}. ` : "";
  return { setting: key, value: shownValue(option, value), origin, remedy: `${found}Give ${option.expected}.` };
}

/** The elements of a list that are not accepted. None for a list of one, which the problem shows anyway, or of secrets. */
function wrongElements({ kind, schema, isSecret }: Option<unknown>, text: string): readonly string[] {
  const elements = kind === "texts" || kind === "numbers" ? elementsOf(text) : [];
  if (elements.length < 2 || isSecret === true) return [];
  return elements.filter((element) => element !== "" && !v.safeParse(schema, inputOf(kind, element)).success);
}

function unknownVariables(options: OptionTable, environment: Environment): readonly UnknownVariable[] {
  const known = Object.entries(options)
    .flatMap(([key, option]) => [variableOf(key), fileVariableOf(key, option)])
    .filter((variable) => variable !== undefined);
  const endings = known.map((variable) => variable.slice(variablePrefix.length));
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(variablePrefix) && !known.includes(variable))
    .sort()
    .map((variable) => {
      const nearest = nearestName(variable.slice(variablePrefix.length), endings);
      return { variable, nearest: nearest && variablePrefix + nearest };
    });
}
