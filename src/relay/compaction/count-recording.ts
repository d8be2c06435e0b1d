import type { DocumentMetrics } from "../../ops/metrics/document-metrics.ts";
import type { CompactedUpdates } from "./compactor.ts";

/** Counts the bytes that a compaction has added to the history of its document, or the reason for adding none. */
export function countRecording(
  { history, historyGap }: Pick<CompactedUpdates, "history" | "historyGap">,
  { historyBytes, historyRecordings }: Pick<DocumentMetrics, "historyBytes" | "historyRecordings">,
): void {
  if (historyGap !== undefined) historyRecordings.inc({ outcome: historyGap });
  if (history === undefined) return;
  const { start, segment, end } = history;
  historyRecordings.inc({ outcome: "recorded" });
  historyBytes.inc({ part: "segment" }, segment.marks.byteLength + segment.data.byteLength);
  historyBytes.inc({ part: "snapshot" }, (start?.data.byteLength ?? 0) + (end?.data.byteLength ?? 0));
}
