import * as v from "valibot";
import type { Access } from "./authorizer.ts";
import { comparable, givenRoomPattern } from "./identifiers.ts";

const maxPatterns = 1_000;

/**
 * The access by room pattern. In JSON it is an object. Patterns that are the same in their comparable form count as one,
 * with the highest access.
 */
export const roomPermissions: v.GenericSchema<unknown, ReadonlyMap<string, Access>> = v.pipe(
  v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "give an object"),
  // `v.record` would skip `__proto__`, which is a valid room name.
  v.transform((patterns) => new Map<string, unknown>(Object.entries(patterns))),
  v.map(givenRoomPattern, v.picklist(["read", "write"], "give read or write")),
  v.maxSize(maxPatterns, `give at most ${maxPatterns} patterns`),
  v.transform((patterns) => highestOf(patterns)),
);

function highestOf(patterns: ReadonlyMap<string, Access>): ReadonlyMap<string, Access> {
  const highest = new Map<string, Access>();
  for (const [given, access] of patterns) {
    const pattern = comparable(given);
    if (highest.get(pattern) !== "write") highest.set(pattern, access);
  }
  return highest;
}
