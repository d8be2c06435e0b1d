import { compareEntries, isDeletion, type LevelDbEntry } from "./entry.ts";

/** A sorted run of entries: those of one table, or of all logs. */
export interface SortedRun {
  /** A lower bound of the run's keys. */
  readonly firstKey: Uint8Array;
  readonly entries: () => Iterator<LevelDbEntry>;
}

interface OpenRun {
  head: LevelDbEntry;
  readonly rest: Iterator<LevelDbEntry>;
}

/**
 * Merges the runs: the newest version of every key, unless it is a deletion, in key order.
 *
 * A run is opened when its first key is reached. The tables of one level do not overlap, so one of them is open at a
 * time.
 */
export function* liveEntries(runs: readonly SortedRun[]): Generator<LevelDbEntry> {
  const unopened = runs.toSorted((left, right) => Buffer.compare(left.firstKey, right.firstKey));
  const open = new Set<OpenRun>();
  let last: Uint8Array | undefined;
  try {
    for (;;) {
      const first = runWithFirstEntry(open);
      const next = unopened[0];
      if (next !== undefined && (first === undefined || Buffer.compare(next.firstKey, first.head.key) <= 0)) {
        unopened.shift();
        openRun(next, open);
        continue;
      }
      if (first === undefined) return;
      const entry = first.head;
      advance(first, open);
      if (last !== undefined && Buffer.compare(entry.key, last) === 0) continue;
      last = entry.key;
      if (!isDeletion(entry)) yield entry;
    }
  } finally {
    for (const { rest } of open) rest.return?.();
  }
}

function runWithFirstEntry(open: Iterable<OpenRun>): OpenRun | undefined {
  let first: OpenRun | undefined;
  for (const run of open) if (first === undefined || compareEntries(run.head, first.head) < 0) first = run;
  return first;
}

function openRun({ entries }: SortedRun, open: Set<OpenRun>): void {
  const rest = entries();
  const { value, done } = rest.next();
  if (!done) open.add({ head: value, rest });
}

function advance(run: OpenRun, open: Set<OpenRun>): void {
  const { value, done } = run.rest.next();
  if (done) open.delete(run);
  else run.head = value;
}
