import * as v from "valibot";
import { isLoopback } from "../lib/loopback.ts";
import { nearestName } from "./nearest-name.ts";
import {
  flagOf,
  type Option,
  type OptionKey,
  type OptionKind,
  optionKeys,
  options,
  type Values,
  variableOf,
  variablePrefix,
} from "./options.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What was given, before it is checked. */
export interface Sources {
  readonly environment: Environment;
  /** The values of the flags that were given; a boolean's is `true` or `false`. */
  readonly flags: ReadonlyMap<OptionKey, string>;
}

/** Where a value comes from. */
export type Origin =
  | { readonly from: "default" }
  | { readonly from: "environment"; readonly variable: string }
  | { readonly from: "flag"; readonly flag: string };

/** A setting that keeps the server from starting. */
export interface Problem {
  readonly setting: OptionKey;
  /** As it was given; undefined when it was not. */
  readonly value: string | undefined;
  readonly origin: Origin;
  /** What to do, as sentences. */
  readonly remedy: string;
}

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

interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
}

/** The variables of this process: the only place that reads them. */
export function readEnvironment(): Environment {
  return process.env;
}

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
    const checked = v.safeParse(option.schema, fromText(option.kind, given.value));
    if (checked.success) settings.set(key, { value: checked.output, origin: given.origin });
    else problems.push({ setting: key, ...given, remedy: `Give ${option.expected}.` });
  }
  problems.push(...scopeProblems(settings));
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

export function describeOrigin(origin: Origin): string {
  switch (origin.from) {
    case "default":
      return "default";
    case "environment":
      return `environment variable ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
  }
}

function givenFor(key: OptionKey, { environment, flags }: Sources): { value: string; origin: Origin } | undefined {
  const flagged = flags.get(key);
  if (flagged !== undefined) return { value: flagged, origin: { from: "flag", flag: flagOf(key, flagged) } };
  const own = environment[variableOf(key)];
  if (own !== undefined) return { value: own, origin: { from: "environment", variable: variableOf(key) } };
  const { platformVariable }: Option<unknown> = options[key];
  const platform = platformVariable === undefined ? undefined : environment[platformVariable];
  if (platformVariable === undefined || platform === undefined || platform === "") return undefined;
  return { value: platform, origin: { from: "environment", variable: platformVariable } };
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

/** Safe by scope: who opens the server to other machines must have said who may enter. */
function scopeProblems(settings: ReadonlyMap<OptionKey, Setting>): readonly Problem[] {
  const host = settings.get("host");
  const mode = settings.get("auth.mode");
  if (typeof host?.value !== "string" || isLoopback(host.value) || mode?.origin.from !== "default") return [];
  const remedy =
    `Other machines can reach ${host.value} (${describeOrigin(host.origin)}). Add --auth-mode open ` +
    "if everyone who reaches it may enter; else listen on 127.0.0.1.";
  return [{ setting: "auth.mode", value: undefined, origin: mode.origin, remedy }];
}

function unknownVariables(environment: Environment): readonly UnknownVariable[] {
  const known = optionKeys.map(variableOf);
  const endings = known.map((variable) => variable.slice(variablePrefix.length));
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(variablePrefix) && !known.includes(variable))
    .sort()
    .map((variable) => {
      const nearest = nearestName(variable.slice(variablePrefix.length), endings);
      return { variable, nearest: nearest && variablePrefix + nearest };
    });
}
