import { parseDuration } from "../../config/duration.ts";
import { systemClock } from "../../lib/time/clock.ts";
import type { Moment } from "../../storage/history/history-store.ts";
import { formatName } from "../output/print.ts";

/** The error text for a missing moment; undefined if there is none. */
export const momentMissing =
  "yurt: Give the moment with --at: a time (2026-11-30T14:00:00Z), how long ago (2h), a sequence (1711),\nor the id of a version (v1711).\n";

/** Reads a moment; undefined for a text that names none. */
export function momentIn(text: string | undefined): Moment | undefined {
  if (text === undefined) return undefined;
  // The id of a version has its sequence: v1711, v1711.2.
  const [, sequence] = /^v?(\d{1,15})(?:\.\d+)?$/.exec(text) ?? [];
  if (sequence !== undefined) return { sequence: Number(sequence) };
  const agoMs = parseDuration(text);
  if (agoMs !== undefined) return { at: systemClock.now() - agoMs };
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : { at };
}

export function describeUnknownMoment(name: string): string {
  return `The history of ${formatName(name)} does not have this moment. See history.keep.`;
}
