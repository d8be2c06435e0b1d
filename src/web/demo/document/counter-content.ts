import type * as Y from "yjs";
import { hasListContent } from "./roots.ts";

export interface CounterContent {
  readonly sum: number;
  /** True when another program has written anything else than counts. */
  readonly isForeign: boolean;
}

/** The sum of all windows stays exact: as many counts as a document can hold are below 2⁵³ together. */
const maxCount = 1e8;

/** Reads the count of one window; undefined when there is none, or anything else. */
export function readCount(value: unknown): number | undefined {
  if (typeof value !== "number" || !Number.isInteger(value)) return undefined;
  return value >= 0 && value <= maxCount ? value : undefined;
}

export function readCounter(counts: Y.Map<unknown>): CounterContent {
  let sum = 0;
  let isForeign = hasListContent(counts);
  for (const value of counts.values()) {
    const count = readCount(value);
    if (count === undefined) isForeign = true;
    else sum += count;
  }
  return { sum, isForeign };
}
