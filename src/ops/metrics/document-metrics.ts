import type { Instruments } from "./instruments.ts";
import { compactionOutcomes, historyParts, messageBounds, recordingOutcomes } from "./label-values.ts";

export type DocumentMetrics = ReturnType<typeof createDocumentMetrics>;

/** Creates the metrics of documents in memory, and of messages beside their updates. */
export function createDocumentMetrics(instruments: Instruments) {
  return {
    compactions: instruments.counts("compactions_total", "Compactions of documents", { outcome: compactionOutcomes }),
    compactionDuration: instruments.histogram("compaction_seconds", "Compactions, the wait for the worker included"),
    /** A document whose history is not recorded has a gap there. */
    historyRecordings: instruments.counts("history_recordings_total", "Compactions that were to add to a history", {
      outcome: recordingOutcomes,
    }),
    historyBytes: instruments.counts("history_bytes_total", "Bytes added to the histories of documents", {
      part: historyParts,
    }),
    /** Updates that no Yjs document can apply, quarantined by a compaction. */
    quarantinedUpdates: instruments.counter("quarantined_updates_total", "Updates quarantined by compactions"),
    /** The member stays in its document. */
    refusedUpdates: instruments.counts(
      "refused_updates_total",
      "Updates that were not taken from a client that may write",
      { reason: ["document-too-large"] },
    ),
    documentLoads: instruments.counter("document_loads_total", "Documents read from the store"),
    documentUnloads: instruments.counts("document_unloads_total", "Documents whose bytes were dropped from memory", {
      reason: ["budget", "quiet"],
    }),
    waitingSnapshots: instruments.gauge("waiting_snapshots", "Snapshots that wait for memory"),
    /** Presence above all; the session of the sender goes on. */
    droppedMessages: instruments.counts("dropped_messages_total", "Messages beside the document dropped at a bound", {
      bound: messageBounds,
    }),
  };
}
