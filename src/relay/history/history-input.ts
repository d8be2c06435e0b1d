import type { HistoryProgress, UpdateOrigin } from "../../storage/history/history-store.ts";
import type { RowId } from "../../storage/store.ts";
import type { HistoryInput } from "./history-recorder.ts";

/** The rows of a compaction. */
export interface CompactedRowFacts extends Pick<HistoryInput, "now" | "isFinal"> {
  /** The base, if there is one, and the first rows of the tail. */
  readonly rows: readonly RowId[];
  /** How many of them belong to the tail. */
  readonly tailCount: number;
}

/** The input of a `HistoryRecorder` for a compaction; undefined if the store does not have all of its rows any more. */
export function historyInput(
  progress: HistoryProgress | undefined,
  { rows, tailCount, now, isFinal }: CompactedRowFacts,
): HistoryInput | undefined {
  if (progress === undefined) return undefined;
  const { tail, ...rest } = progress;
  const origins = originsOf(rows.slice(rows.length - tailCount), tail);
  if (origins === undefined) return undefined;
  return { ...rest, hasBase: rows.length > tailCount, origins, now, isFinal };
}

/** The origins of these rows; undefined if one is not there. Both lists ascend, except where a row has come late. */
function originsOf(rows: readonly RowId[], tail: readonly UpdateOrigin[]): readonly UpdateOrigin[] | undefined {
  const origins: UpdateOrigin[] = [];
  let next = 0;
  for (const row of rows) {
    if ((tail[next]?.row ?? Number.POSITIVE_INFINITY) > row) next = 0;
    while ((tail[next]?.row ?? Number.POSITIVE_INFINITY) < row) next += 1;
    const origin = tail[next];
    if (origin?.row !== row) return undefined;
    origins.push(origin);
  }
  return origins;
}
