import * as v from "valibot";
import { crossProblems, type Setting } from "./cross-checks.ts";
import { nearestName } from "./nearest-name.ts";
import {
  fileVariableOf,
  type Option,
  type OptionKey,
  type OptionKind,
  optionKeys,
  options,
  type Values,
  variableOf,
  variablePrefix,
} from "./options.ts";
import { type Origin, type Problem, shownValue } from "./problem.ts";
import { type Environment, type Given, givenFor, type Sources } from "./sources.ts";

/** A variable with our prefix that no setting has. Its value is not told: it may be a secret. */
export interface UnknownVariable {
  readonly variable: string;
  readonly nearest: string | undefined;
}

export interface Configuration {
  readonly values: Values;
  readonly origins: Readonly<Record<OptionKey, Origin>>;
  readonly unknownVariables: readonly UnknownVariable[];
}

export type LoadedConfiguration =
  | { readonly ok: true; readonly configuration: Configuration }
  /** All problems at once. */
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Flags count before the environment, the environment before the defaults. Only the value that counts is checked.
 *
 * Settings that are not among `keys` keep their defaults, whatever is given: a command needs no more than it uses.
 */
export function loadConfiguration(sources: Sources, keys: readonly OptionKey[] = optionKeys): LoadedConfiguration {
  const settings = new Map<OptionKey, Setting>();
  const problems: Problem[] = [];
  for (const key of optionKeys) {
    const option: Option<unknown> = options[key];
    const given = keys.includes(key) ? givenFor(key, sources) : undefined;
    if (given === undefined) {
      settings.set(key, { value: option.default, origin: { from: "default" } });
      continue;
    }
    if ("remedy" in given) {
      problems.push(given);
      continue;
    }
    const checked = v.safeParse(option.schema, fromText(option.kind, given.value));
    if (checked.success) settings.set(key, { value: checked.output, origin: given.origin });
    else problems.push(refused(key, given));
  }
  problems.push(...crossProblems(settings));
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    configuration: {
      // Without problems every key has a value, and its schema or the table's type has checked it.
      values: Object.fromEntries([...settings].map(([key, { value }]) => [key, value])) as Values,
      origins: Object.fromEntries([...settings].map(([key, { origin }]) => [key, origin])) as Record<OptionKey, Origin>,
      unknownVariables: unknownVariables(sources.environment),
    },
  };
}

function refused(key: OptionKey, { value, origin }: Given): Problem {
  return { setting: key, value: shownValue(key, value), origin, remedy: `Give ${options[key].expected}.` };
}

/** Text that is not of its kind stays text, for the schema to refuse. */
function fromText(kind: OptionKind, text: string): unknown {
  switch (kind) {
    case "text":
      return text;
    case "number":
      return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" || text === "false" ? text === "true" : text;
  }
}

function unknownVariables(environment: Environment): readonly UnknownVariable[] {
  const known = optionKeys
    .flatMap((key) => [variableOf(key), fileVariableOf(key)])
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
