import type { Instruments } from "./instruments.ts";
import { storeOperations } from "./label-values.ts";

export type StorageMetrics = ReturnType<typeof createStorageMetrics>;

/** Creates the metrics of updates on their way to the disk. */
export function createStorageMetrics(instruments: Instruments) {
  return {
    commits: instruments.liveCounter("commits_total", "Transactions that stored updates"),
    committedUpdates: instruments.liveCounter("committed_updates_total", "Updates stored"),
    updateToCommit: instruments.durations(
      "update_to_commit_seconds",
      "From the first update of a transaction to its commit",
    ),
    /** Time from the commit of the first update of a group to its acknowledgement. */
    commitToAcknowledgement: instruments.durations(
      "commit_to_acknowledgement_seconds",
      "From a commit to its acknowledgements",
    ),
    /** As `updateToCommit`, to the acknowledgements; with them the last update of the group is acknowledged as well. */
    updateToAcknowledgement: instruments.durations(
      "update_to_acknowledgement_seconds",
      "From the first update of a group to its acknowledgements",
    ),
    /** Updates that were given up because the store failed; their clients still hold them. */
    discardedUpdates: instruments.counter("discarded_updates_total", "Updates given up because the store failed"),
    databaseBytes: instruments.labelledGauge<"database" | "wal">(
      "database_bytes",
      "Size of the files of the database",
      "file",
    ),
    journalBytes: instruments.gauge("journal_bytes", "Bytes in the journal, which are moved into the documents later"),
    diskAvailableBytes: instruments.gauge("disk_available_bytes", "Free space on the disk of the data folder"),
    /** The syncs run off the event loop. */
    syncs: instruments.durations("wal_sync_seconds", "Syncs of the write-ahead log to the disk"),
    checkpoints: instruments.histogram("wal_checkpoint_seconds", "Checkpoints of the write-ahead log"),
    storeFailures: instruments.counts("store_failures_total", "Failed calls of the store", {
      operation: storeOperations,
    }),
  };
}
