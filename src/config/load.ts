import * as v from "valibot";
import { inputOfFile } from "./file/file-input.ts";
import { configurationVariable } from "./file/read-file.ts";
import { type Given, givenByPlatform, givenFor } from "./given.ts";
import { nearestName } from "./nearest-name.ts";
import {
  elementsOf,
  fileVariableOf,
  type Input,
  inputOf,
  type Option,
  type OptionTable,
  type Values,
  variableOf,
  variablePrefix,
} from "./option.ts";
import { type FilePosition, type Origin, type Problem, type SettingProblem, shownValue } from "./problem.ts";
import type { Environment, Sources } from "./sources.ts";

/** The options that a configuration is made of. */
export interface ConfigurationSchema<Table extends OptionTable> {
  readonly options: Table;
  /** Finds the settings that do not go together, each valid by itself. */
  readonly crossProblems: (settings: Settings) => readonly SettingProblem[];
}

export interface Setting {
  readonly value: unknown;
  /** The value before its schema has read it. */
  readonly input: Input | undefined;
  /** The value as it was written; undefined for a default. */
  readonly written: Input | undefined;
  readonly origin: Origin;
}

/** The settings that have no problem of their own, by the keys of their options. */
export type Settings = ReadonlyMap<string, Setting>;

/** A variable with Yurt's prefix that no option has. Its value is not shown: it may be a secret. */
export interface UnknownVariable {
  readonly variable: string;
  readonly nearest: string | undefined;
}

/** A value of the configuration file that a variable of the platform has replaced, which the operator did not set. */
export interface Replaced {
  readonly setting: string;
  readonly at: FilePosition;
  readonly variable: string;
}

export interface Configuration<Table extends OptionTable> {
  readonly values: Values<Table>;
  /** The values before their schemas have read them, defaults and secrets included. */
  readonly inputs: Readonly<Record<keyof Table, Input | undefined>>;
  readonly origins: Readonly<Record<keyof Table, Origin>>;
  readonly unknownVariables: readonly UnknownVariable[];
  readonly replaced: readonly Replaced[];
  /** The configuration file that was read. */
  readonly file: { readonly path: string; readonly exposesSecrets: boolean } | undefined;
}

export type LoadedConfiguration<Table extends OptionTable> =
  | { readonly ok: true; readonly configuration: Configuration<Table> }
  /** All problems at once. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads and checks all settings. Flags take precedence over the environment, the environment over the configuration
 * file, the file over the defaults. Only the value that takes precedence is checked.
 *
 * Settings that are not among `keys` keep their defaults, whatever is given: a command needs no more than it uses. A
 * problem between settings counts if its setting is among `keys`, and so does an unknown key of the file if it may be
 * meant to be one of them.
 */
export function loadConfiguration<Table extends OptionTable>(
  { options, crossProblems }: ConfigurationSchema<Table>,
  sources: Sources,
  keys?: readonly (keyof Table)[],
): LoadedConfiguration<Table> {
  const isRead = (key: string) => keys === undefined || keys.includes(key);
  const { file } = sources;
  const settings = new Map<string, Setting>();
  const problems: Problem[] = (file?.problems ?? []).filter(
    ({ concerns }) => keys === undefined || concerns === undefined || concerns.some(isRead),
  );
  for (const [key, option] of Object.entries(options)) {
    const given = isRead(key) ? givenFor(key, option, sources) : undefined;
    if (given === undefined) {
      const setting = { value: defaultOf(option), input: option.default, written: undefined };
      settings.set(key, { ...setting, origin: { from: "default" } });
      continue;
    }
    if ("remedy" in given) {
      problems.push(given);
      continue;
    }
    const checked = v.safeParse(option.schema, given.input);
    if (checked.success) settings.set(key, { ...given, value: checked.output });
    else problems.push(refused(key, option, given));
  }
  // A file that could not be parsed may set anything.
  if (file?.isComplete !== false) problems.push(...crossProblems(settings).filter(({ setting }) => isRead(setting)));
  if (problems.length > 0) return { ok: false, problems: problems.toSorted(byPlace) };
  const each = <Field>(field: (setting: Setting) => Field) =>
    Object.fromEntries([...settings].map(([key, setting]) => [key, field(setting)]));
  return {
    ok: true,
    configuration: {
      // Without problems every key has a value that its schema has returned.
      values: each(({ value }) => value) as Values<Table>,
      inputs: each(({ input }) => input) as Record<keyof Table, Input | undefined>,
      origins: each(({ origin }) => origin) as Record<keyof Table, Origin>,
      unknownVariables: unknownVariables(options, sources.environment),
      replaced: Object.entries(options).flatMap(([key, option]) => replacedIn(key, option, settings, sources)),
      file,
    },
  };
}

/** Orders the problems of the file by their lines, before all others. */
function byPlace(one: Problem, other: Problem): number {
  const place = (problem: Problem): readonly [number, number] => {
    const position = "setting" in problem ? problem.origin : problem.position;
    if (position === undefined) return [0, 0];
    return "line" in position ? [position.line, position.column] : [Number.POSITIVE_INFINITY, 0];
  };
  const [line, column] = place(one);
  const [otherLine, otherColumn] = place(other);
  return line === otherLine ? column - otherColumn : line - otherLine;
}

function replacedIn(
  key: string,
  option: Option<unknown>,
  settings: Settings,
  { environment, file }: Sources,
): readonly Replaced[] {
  const written = file?.values.get(key);
  const setting = settings.get(key);
  const origin = setting?.origin;
  const platform = givenByPlatform(option, environment)?.origin;
  if (written === undefined || origin?.from !== "environment" || platform?.from !== "environment") return [];
  // A unit of systemd and the file often name the same folder.
  if (origin.variable !== platform.variable || setting?.input === inputOfFile(option.kind, written.value)) return [];
  return [{ setting: key, at: written.position, variable: origin.variable }];
}

/** The value of an option that was not given. */
export function defaultOf<T>(option: Option<T>): T {
  return v.parse(option.schema, option.default);
}

function refused(key: string, option: Option<unknown>, { written, origin }: Given): SettingProblem {
  const wrong = wrongElements(option, written).map((element) => JSON.stringify(shownValue(option, element)));
  const found = wrong.length > 0 ? `Not accepted: ${wrong.join(", ")}. ` : "";
  return { setting: key, value: shownValue(option, written), origin, remedy: `${found}Give ${option.expected}.` };
}

/** The elements of a list that are not accepted. None for a list of one, which the problem shows anyway, or of secrets. */
function wrongElements({ kind, schema, isSecret }: Option<unknown>, written: Input): readonly (string | number)[] {
  if ((kind !== "texts" && kind !== "numbers") || isSecret === true) return [];
  const elements = typeof written === "string" ? elementsOf(written) : listOf(written);
  if (elements.length < 2) return [];
  const isAccepted = (element: string | number) =>
    v.safeParse(schema, kind === "texts" ? [element] : inputOf(kind, String(element))).success;
  return elements.filter((element) => element !== "" && !isAccepted(element));
}

function listOf(input: Input): readonly (string | number)[] {
  return typeof input === "object" ? input : [];
}

function unknownVariables(options: OptionTable, environment: Environment): readonly UnknownVariable[] {
  const known = Object.entries(options)
    .flatMap(([key, option]) => [variableOf(key), fileVariableOf(key, option)])
    .concat(configurationVariable)
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
