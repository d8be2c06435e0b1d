import { decodeMarks, type Mark, type MarkedRange } from "../../relay/history/marks.ts";
import { contentsOf } from "../../relay/update/update-contents.ts";
import type { OriginatedUpdate, StoredActivity } from "../../storage/history/history-store.ts";
import type { Decompress } from "./history-doc.ts";

/** The changes of a document in order: those of the history by its marks, those of the tail each by itself. */
export function* changesOf({ segments, tail }: StoredActivity, decompress: Decompress): Generator<Mark> {
  for (const { marks } of segments) yield* decodeMarks(decompress(marks));
  for (const update of tail) yield markOf(update);
}

function markOf({ row, at = 0, user, update }: OriginatedUpdate): Mark {
  const { structs, deletes } = contentsOf(update);
  return { row, second: Math.floor(at / 1_000), user, inserted: rangesOf(structs), deleted: rangesOf(deletes) };
}

function rangesOf(set: ReturnType<typeof contentsOf>["structs"]): readonly MarkedRange[] {
  return [...set].flatMap(([client, ranges]) =>
    Array.from(ranges, ([start, end]) => ({ client, clock: start, length: end - start })),
  );
}

/** The sender of content, and the time at which the server got it. */
export interface Origin {
  readonly user: string | undefined;
  /** Epoch seconds; 0 if unknown. */
  readonly second: number;
}

interface OriginRange extends Origin {
  readonly clock: number;
  readonly end: number;
}

/** Finds the origin of content by its ids. The first sender of a clock counts: others repeat what they have received. */
export class Origins {
  readonly #byClient = new Map<number, OriginRange[]>();

  constructor(changes: Iterable<Mark>, kind: "inserted" | "deleted") {
    for (const { user, second, ...mark } of changes) {
      for (const { client, clock, length } of mark[kind]) {
        const ranges = this.#byClient.get(client) ?? [];
        this.#byClient.set(client, ranges);
        ranges.push({ clock, end: clock + length, user, second });
      }
    }
    for (const [client, ranges] of this.#byClient) this.#byClient.set(client, withoutOverlaps(ranges));
  }

  /** The origin of the content at a clock, and the clock until which it is the same, at most `end`. */
  at(client: number, clock: number, end: number): { readonly origin: Origin | undefined; readonly end: number } {
    const ranges = this.#byClient.get(client) ?? [];
    const index = lastAtOrBefore(ranges, clock);
    const found = ranges[index];
    if (found !== undefined && found.end > clock) return { origin: found, end: Math.min(end, found.end) };
    return { origin: undefined, end: Math.min(end, ranges[index + 1]?.clock ?? end) };
  }
}

/** The ranges in the order of their clocks. The sort is stable: of two with the same clock the earlier one stays. */
function withoutOverlaps(ranges: readonly OriginRange[]): OriginRange[] {
  let end = 0;
  return ranges
    .toSorted((left, right) => left.clock - right.clock)
    .flatMap((range) => {
      if (range.end <= end) return [];
      const clipped = { ...range, clock: Math.max(range.clock, end) };
      end = range.end;
      return [clipped];
    });
}

function lastAtOrBefore(ranges: readonly OriginRange[], clock: number): number {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.clock ?? 0) <= clock) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
