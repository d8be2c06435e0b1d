import { compareEntries, type Entry, isDeletion } from "./entry.ts";

/** Entries in order: those of a table, or of the logs. */
export interface Run {
  /** No entry has a lower key. */
  readonly firstKey: Uint8Array;
  readonly entries: () => Iterator<Entry>;
}

interface OpenRun {
  head: Entry;
  readonly rest: Iterator<Entry>;
}

/**
 * Of every key its newest version, unless that is a deletion, in the order of the keys.
 *
 * A run is opened when its first key is reached: of the tables of one level, which do not overlap, one at a time.
 */
export function* liveEntries(runs: readonly Run[]): Generator<Entry> {
  const waiting = runs.toSorted((left, right) => Buffer.compare(left.firstKey, right.firstKey));
  const open = new Set<OpenRun>();
  let last: Uint8Array | undefined;
  try {
    for (;;) {
      const first = firstOf(open);
      const next = waiting[0];
      if (next !== undefined && (first === undefined || Buffer.compare(next.firstKey, first.head.key) <= 0)) {
        waiting.shift();
        start(next, open);
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

function firstOf(open: Iterable<OpenRun>): OpenRun | undefined {
  let first: OpenRun | undefined;
  for (const run of open) if (first === undefined || compareEntries(run.head, first.head) < 0) first = run;
  return first;
}

function start({ entries }: Run, open: Set<OpenRun>): void {
  const rest = entries();
  const { value, done } = rest.next();
  if (!done) open.add({ head: value, rest });
}

function advance(run: OpenRun, open: Set<OpenRun>): void {
  const { value, done } = run.rest.next();
  if (done) open.delete(run);
  else run.head = value;
}
