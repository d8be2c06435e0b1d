import type { Moment } from "../../../../client/history.ts";

/** A moment of the history as the address names it. */
export type ShownMoment =
  | { readonly kind: "time"; readonly at: number }
  | { readonly kind: "version"; readonly id: string }
  | { readonly kind: "sequence"; readonly sequence: number };

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The moments that one button chooses. */
export const quickMoments = [
  { label: "1 minute ago", ms: minuteMs },
  { label: "10 minutes ago", ms: 10 * minuteMs },
  { label: "1 hour ago", ms: hourMs },
  { label: "1 day ago", ms: dayMs },
  { label: "1 week ago", ms: 7 * dayMs },
] as const;

/** The times that the slider can span, the shortest first. */
export const ranges = [
  { id: "hour", label: "1 hour", ms: hourMs },
  { id: "day", label: "1 day", ms: dayMs },
  { id: "week", label: "1 week", ms: 7 * dayMs },
  { id: "quarter", label: "90 days", ms: 90 * dayMs },
] as const;

export type Range = (typeof ranges)[number];

/** Reads the moment of an address; undefined for a text that names none. */
export function momentOf(text: string | undefined): ShownMoment | undefined {
  if (text === undefined) return undefined;
  if (/^v\d{1,15}(\.\d{1,9})?$/.test(text)) return { kind: "version", id: text };
  if (/^\d{1,15}$/.test(text)) return { kind: "sequence", sequence: Number(text) };
  const at = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : { kind: "time", at };
}

/** A time as the address has it. The history distinguishes seconds. */
export function addressOfTime(at: number): string {
  return new Date(Math.floor(at / 1_000) * 1_000).toISOString().replace(".000Z", "Z");
}

/** The moment for a request. */
export function requested(moment: ShownMoment): Moment {
  if (moment.kind === "time") return new Date(moment.at);
  return moment.kind === "version" ? moment.id : moment.sequence;
}

export interface RangeTimes {
  /** The chosen moment; undefined without one. */
  readonly at: number | undefined;
  /** The creation of the document; undefined if it is not known. */
  readonly createdAt: number | undefined;
  readonly now: number;
}

/**
 * The range that the address names, or else the shortest one that reaches back to the moment. Without a moment it reaches
 * back to the creation of the document, but not over a day.
 */
export function rangeOf(id: string | undefined, { at, createdAt, now }: RangeTimes): Range {
  const named = ranges.find((range) => range.id === id);
  if (named !== undefined) return named;
  const since = at ?? Math.max(createdAt ?? 0, now - dayMs);
  return ranges.find(({ ms }) => now - since <= ms) ?? ranges[3];
}
