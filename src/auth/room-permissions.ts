import * as v from "valibot";
import type { Access } from "./authorizer.ts";
import { maxPatternLength } from "./room-pattern.ts";

const maxPatterns = 1_000;

/** The access by room pattern. In JSON it is an object. */
export const roomPermissions: v.GenericSchema<unknown, ReadonlyMap<string, Access>> = v.pipe(
  v.custom<object>((value) => typeof value === "object" && value !== null && !Array.isArray(value), "give an object"),
  // `v.record` would skip `__proto__`, which is a valid room name.
  v.transform((patterns) => new Map<string, unknown>(Object.entries(patterns))),
  v.map(v.pipe(v.string(), v.nonEmpty(), v.maxLength(maxPatternLength)), v.picklist(["read", "write"])),
  v.maxSize(maxPatterns),
);
