import type { HistoryProgress } from "../../storage/history/history-store.ts";
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
  const byRow = new Map(tail.map((origin) => [origin.row, origin]));
  const origins = rows.slice(rows.length - tailCount).flatMap((row) => byRow.get(row) ?? []);
  if (origins.length < tailCount) return undefined;
  return { ...rest, hasBase: rows.length > tailCount, origins, now, isFinal };
}
