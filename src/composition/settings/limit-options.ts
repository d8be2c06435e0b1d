import * as v from "valibot";
import type { Limit } from "../../config/limit.ts";
import type { Option } from "../../config/option.ts";
import { type LimitName, type Limits, limitTable } from "./limits.ts";

/** Turns `jsonDepth` into `json-depth`. */
type KebabCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${KebabCase<Rest>}`
  : Name;

export type LimitKey = `limits.${KebabCase<LimitName>}`;

/** Numbers up to this one are exact. */
const defaultMax = 10 ** 15 - 1;

const placeholders: Readonly<Record<Limit["unit"], string>> = {
  bytes: "bytes",
  characters: "count",
  ms: "ms",
  count: "count",
  "per second": "count/s",
  "per 10 s": "count/10s",
};

const limitNames = Object.keys(limitTable) as readonly LimitName[];

/** Every bound is an option: `limits.json-depth`, `--limits-json-depth`, `YURT_LIMITS_JSON_DEPTH`. */
export const limitOptions = Object.fromEntries(
  limitNames.map((name) => [limitKeyOf(name), limitOption(limitTable[name])]),
  // Object.fromEntries forgets the keys.
) as Readonly<Record<LimitKey, Option<number>>>;

/** The bounds among the values of all settings. */
export function limitsOf(values: Readonly<Record<LimitKey, number>>): Limits {
  const entries = limitNames.map((name) => [name, values[limitKeyOf(name)]]);
  // Object.fromEntries forgets the names.
  return Object.fromEntries(entries) as Limits;
}

export function limitKeyOf(name: string): LimitKey {
  const kebab = name.replaceAll(/[A-Z]/g, (upper) => `-${upper.toLowerCase()}`);
  // For a name in the table this is what `KebabCase` computes.
  return `limits.${kebab}` as LimitKey;
}

function limitOption(limit: Limit): Option<number> {
  const { min = 1, max = defaultMax, isCommon, needsRestart } = limit;
  return {
    kind: "number",
    schema: v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)),
    default: limit.default,
    expected: max === defaultMax ? `a whole number, at least ${min}` : `a whole number from ${min} to ${max}`,
    help: limit.help,
    group: "Limits",
    ...(isCommon !== true && { isRare: true }),
    ...(needsRestart !== true && { isReloadable: true }),
    placeholder: placeholders[limit.unit],
  };
}
