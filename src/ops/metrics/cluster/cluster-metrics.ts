import type { Instruments } from "../instruments.ts";

export type ClusterMetrics = ReturnType<typeof createClusterMetrics>;

/** Creates the metrics of a database that several servers share. They are 0 for a server on its own. */
export function createClusterMetrics(instruments: Instruments) {
  return {
    databaseSilence: instruments.gauge("database_silence_seconds", "Time since the shared database has last answered"),
    databaseQueueAge: instruments.gauge(
      "database_queue_age_seconds",
      "Time for which the oldest transaction waits for the shared database",
    ),
    clusterLag: instruments.gauge(
      "cluster_lag_batches",
      "Transactions of other nodes that are committed, and not read yet",
    ),
    /** A connection that listens has broken unnoticed, or Postgres was slow. */
    clusterRepairs: instruments.counter(
      "cluster_repaired_batches_total",
      "Transactions of other nodes found without a notification",
    ),
    clusterLeading: instruments.gauge("cluster_leading", "1 on the node that does what is done once for all nodes"),
  };
}
