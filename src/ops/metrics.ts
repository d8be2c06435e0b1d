import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** A figure that is read when somebody looks, and costs nothing otherwise. */
export interface LiveGauge {
  /** Called once, by who has the figure. */
  readFrom(source: () => number): void;
}

/**
 * What the server counts of itself, for Prometheus: who does the work counts it where it is done.
 *
 * Labels are from small fixed sets: never a room, a user or an address. Durations are in seconds, as Prometheus wants.
 */
export interface Metrics {
  readonly registry: Registry;
  /** Transactions that stored updates. */
  readonly commits: Counter;
  readonly committedUpdates: Counter;
  /** From the arrival of the first update of a transaction to its commit. */
  readonly updateToCommit: Histogram;
  /** From the commit of the first update of a group to its acknowledgement. */
  readonly commitToAcknowledgement: Histogram;
  readonly waitingUpdateBytes: LiveGauge;
  /** Of the write-ahead log, beside the event loop. */
  readonly syncs: Histogram;
  readonly checkpoints: Histogram;
  readonly storeFailures: Counter<"operation">;
  readonly compactions: Counter<"outcome">;
  readonly compactionDuration: Histogram;
  /** Updates that no Yjs document takes, set aside by a compaction. */
  readonly quarantinedUpdates: Counter;
  readonly documentBytes: LiveGauge;
  readonly documentLoads: Counter;
  readonly documentUnloads: Counter<"reason">;
  /** Of snapshots that are on their way to clients. */
  readonly snapshotBytes: LiveGauge;
  readonly waitingSnapshots: LiveGauge;
  readonly refusedUpgrades: Counter<"reason">;
  /**
   * Sessions that ended because their client broke its protocol or a limit, and documents that it was refused for that on
   * a connection that stays open, by the reason that it was told.
   */
  readonly refusedSessions: Counter<"reason">;
  /** Who may not enter, or may not stay: rooms of documents and of signaling, and upgrades that came to neither. */
  readonly accessDenials: Counter<"kind" | "code">;
  /** Permissions in use. */
  readonly liveGrants: LiveGauge;
  /** How often a signaling client was refused, closed or made to wait by a bound. */
  readonly signalingBounds: Counter<"bound">;
  /** Messages for members that are offline. */
  readonly queuedMessages: Counter<"outcome">;
  /** Of those that wait. */
  readonly queuedMessageBytes: LiveGauge;
  /** Who may enter, as the application says; `suspended` is what it was not asked because it had failed too often. */
  readonly webhookRequests: Counter<"outcome">;
  /** From a request to its whole answer; those that are given up too. */
  readonly webhookDuration: Histogram;
}

const milliseconds = (...bounds: readonly number[]) => bounds.map((bound) => bound / 1000);
const fromMicrosecondsToSeconds = milliseconds(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500, 1_000, 5_000);

/** Nothing is shared between two of them. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter<Label>({ name: `yurt_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string): LiveGauge => {
    let source = () => 0;
    new Gauge({
      name: `yurt_${name}`,
      help,
      registers,
      collect() {
        this.set(source());
      },
    });
    return {
      readFrom: (given) => {
        source = given;
      },
    };
  };
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `yurt_${name}`, help, buckets: fromMicrosecondsToSeconds, registers });
  return {
    registry,
    commits: counter("commits_total", "Transactions that stored updates"),
    committedUpdates: counter("committed_updates_total", "Updates stored"),
    updateToCommit: histogram("update_to_commit_seconds", "From the first update of a transaction to its commit"),
    commitToAcknowledgement: histogram("commit_to_acknowledgement_seconds", "From a commit to its acknowledgements"),
    waitingUpdateBytes: gauge("waiting_update_bytes", "Bytes of updates that wait for the store"),
    syncs: histogram("wal_sync_seconds", "Syncs of the write-ahead log to the disk"),
    checkpoints: histogram("wal_checkpoint_seconds", "Checkpoints of the write-ahead log"),
    storeFailures: counter("store_failures_total", "Failed calls of the store", "operation"),
    compactions: counter("compactions_total", "Compactions of documents", "outcome"),
    compactionDuration: histogram("compaction_seconds", "Compactions, the wait for the worker included"),
    quarantinedUpdates: counter("quarantined_updates_total", "Updates that compactions set aside"),
    documentBytes: gauge("document_bytes", "Bytes of documents in memory"),
    documentLoads: counter("document_loads_total", "Documents read from the store"),
    documentUnloads: counter("document_unloads_total", "Documents whose bytes were dropped from memory", "reason"),
    snapshotBytes: gauge("snapshot_bytes", "Bytes of snapshots on their way to clients"),
    waitingSnapshots: gauge("waiting_snapshots", "Snapshots that wait for others to be gone"),
    refusedSessions: counter(
      "refused_sessions_total",
      "Sessions, or documents of one, that broke their protocol or a limit",
      "reason",
    ),
    accessDenials: counter(
      "access_denials_total",
      "Denied requests for access to a room, and permissions that ended",
      "kind",
      "code",
    ),
    liveGrants: gauge("live_grants", "Permissions in use"),
    signalingBounds: counter("signaling_bounds_total", "Times that a signaling client met a bound", "bound"),
    refusedUpgrades: counter("refused_upgrades_total", "WebSocket upgrades refused", "reason"),
    queuedMessages: counter("mailbox_messages_total", "Messages queued for peers that are offline", "outcome"),
    queuedMessageBytes: gauge("mailbox_bytes", "Bytes of messages queued for peers that are offline"),
    webhookRequests: counter("webhook_requests_total", "Questions to the application, by what came of them", "outcome"),
    webhookDuration: histogram("webhook_request_seconds", "Requests to the application"),
  };
}
