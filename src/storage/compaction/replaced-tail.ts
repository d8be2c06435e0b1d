import type { RowId } from "../store.ts";

/** The rows of a tail that a compaction replaces. */
export interface ReplacedTail {
  /** Infinity if there are none. */
  readonly first: RowId;
  /** 0 if there are none. */
  readonly last: RowId;
  readonly count: number;
  /** The sum of the ids, by which a store finds out whether it has the same rows. */
  readonly sum: number;
}

/** Summarises the rows of a compaction, without its base, which is newer than the first rows of the tail. */
export function replacedTail(rows: readonly RowId[], base: RowId | null): ReplacedTail {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  let count = 0;
  let sum = 0;
  for (const row of rows) {
    if (row === base) continue;
    first = Math.min(first, row);
    last = Math.max(last, row);
    count += 1;
    sum += row;
  }
  return { first, last, count, sum };
}
