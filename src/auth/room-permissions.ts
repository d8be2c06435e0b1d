import * as v from "valibot";
import type { Access } from "./authorizer.ts";
import { longestPattern } from "./room-pattern.ts";

const mostPatterns = 1_000;

/** What may be done in which rooms, by room pattern; in JSON an object. */
export const roomPermissions: v.GenericSchema<unknown, ReadonlyMap<string, Access>> = v.pipe(
  v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "give an object"),
  // Not `v.record`, which passes over `__proto__`, a room like any other.
  v.transform((patterns) => new Map<string, unknown>(Object.entries(patterns))),
  v.map(v.pipe(v.string(), v.nonEmpty(), v.maxLength(longestPattern)), v.picklist(["read", "write"])),
  v.maxSize(mostPatterns),
);
