import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { createDurations, type Durations } from "./durations.ts";
import { addProcessMetrics } from "./process-metrics.ts";

/** A gauge whose value is read when the metrics are collected, and costs nothing otherwise. */
export interface LiveGauge {
  /** Must be called once, by the owner of the value. */
  readFrom(source: () => number): void;
}

/** A counter whose value is read when the metrics are collected. For the hot path, where it is a plain number. */
export interface LiveCounter {
  /** Must be called once, by the owner of the value, which never decreases. */
  readFrom(source: () => number): void;
}

/** A live gauge for each value of its label. */
export interface LabelledGauge<Value extends string> {
  /** Must be called once for each value, by its owner. */
  readFrom(value: Value, source: () => number): void;
}

/**
 * The server's metrics, in Prometheus' format. The code that does the work records it there.
 *
 * Labels come from small fixed sets: never a room, a user or an address. Durations are in seconds, as Prometheus wants.
 */
export interface Metrics {
  readonly registry: Registry;
  /** Transactions that stored updates. */
  readonly commits: LiveCounter;
  readonly committedUpdates: LiveCounter;
  /** Time from the arrival of the first update of a transaction to its commit. */
  readonly updateToCommit: Durations;
  /** Time from the commit of the first update of a group to its acknowledgement. */
  readonly commitToAcknowledgement: Durations;
  readonly waitingUpdateBytes: LiveGauge;
  /** Updates that were given up because the store failed; their clients still hold them. */
  readonly discardedUpdates: Counter;
  /** Durations of the write-ahead log's syncs, which run off the event loop. */
  readonly syncs: Durations;
  readonly checkpoints: Histogram;
  readonly storeFailures: Counter<"operation">;
  readonly compactions: Counter<"outcome">;
  readonly compactionDuration: Histogram;
  /** Updates that no Yjs document can apply, quarantined by a compaction. */
  readonly quarantinedUpdates: Counter;
  /** Updates that were not taken although their member may write; the member stays in its document. */
  readonly refusedUpdates: Counter<"reason">;
  readonly documentBytes: LiveGauge;
  readonly documentLoads: Counter;
  readonly documentUnloads: Counter<"reason">;
  /** Bytes of the snapshots that are being sent to clients. */
  readonly snapshotBytes: LiveGauge;
  readonly waitingSnapshots: LiveGauge;
  /** 1 while `GET /readyz` answers 200, else 0. */
  readonly ready: LiveGauge;
  /** Open WebSockets. */
  readonly connections: LiveGauge;
  /** The work that was done for clients, in the units of each kind (see `transport/work.ts`). */
  readonly work: LabelledGauge<string>;
  /** Time from the moment when frames of a client had to wait for others until its turn. */
  readonly turnWait: Histogram;
  readonly waitingConnections: LiveGauge;
  /** How much later than it is due a timer runs: the time for which the event loop was busy. */
  readonly eventLoopLag: Histogram;
  /** Bytes that the kernel has not taken yet, of connections with much of it, snapshots excluded. */
  readonly unsentBytes: LiveGauge;
  /** Open rooms, with those whose last member has left some seconds ago. */
  readonly rooms: LabelledGauge<"sync" | "signaling">;
  readonly refusedUpgrades: Counter<"reason">;
  /**
   * Sessions that ended because the client violated its protocol or a limit, and documents that were closed for that
   * reason on a connection that stays open, by the reason that the client was given.
   */
  readonly refusedSessions: Counter<"reason">;
  /** Messages that clients sent and this server does not know: another type, or another kind of frame. */
  readonly ignoredMessages: Counter<"protocol">;
  /** Messages beside the document, presence above all, that were dropped at a bound while their session went on. */
  readonly droppedMessages: Counter<"bound">;
  /** Connections that the server closed, by the reason that their clients were given. */
  readonly closedConnections: Counter<"reason">;
  /** Denied requests for access, and ended permissions: for documents, signaling rooms, and upgrades without a room. */
  readonly accessDenials: Counter<"kind" | "code">;
  /** Requests for access to documents that have waited for the rate of their connection or document. */
  readonly delayedAuthorizations: Counter;
  /** Permissions in use. */
  readonly liveGrants: LiveGauge;
  /** The number of times that a limit refused, closed or delayed a signaling client. */
  readonly signalingBounds: Counter<"bound">;
  /** Messages queued for peers that are offline. */
  readonly mailboxMessages: Counter<"outcome">;
  /** Bytes of the messages in the mailboxes. */
  readonly mailboxBytes: LiveGauge;
  /** Webhook requests for access; `suspended` counts requests that were not made because too many had failed. */
  readonly webhookRequests: Counter<"outcome">;
  /** Time from a webhook request to its complete response, abandoned requests included. */
  readonly webhookDuration: Histogram;
}

const milliseconds = (...bounds: readonly number[]) => bounds.map((bound) => bound / 1000);
const fromMicrosecondsToSeconds = milliseconds(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 500, 1_000, 5_000);

/** Creates metrics with a registry of their own: two servers in one process share nothing. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  addProcessMetrics(registry);
  const counter = <Label extends string = never>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter<Label>({ name: `yurt_${name}`, help, labelNames, registers });
  const liveCounter = (name: string, help: string): LiveCounter => {
    let source = () => 0;
    new Counter({
      name: `yurt_${name}`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(source());
      },
    });
    return {
      readFrom: (given) => {
        source = given;
      },
    };
  };
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
  const labelledGauge = <Value extends string>(name: string, help: string, label: string): LabelledGauge<Value> => {
    const sources = new Map<Value, () => number>();
    new Gauge({
      name: `yurt_${name}`,
      help,
      labelNames: [label],
      registers,
      collect() {
        for (const [value, source] of sources) this.set({ [label]: value }, source());
      },
    });
    return { readFrom: (value, source) => void sources.set(value, source) };
  };
  const labelledCounter = <Value extends string>(name: string, help: string, label: string): LabelledGauge<Value> => {
    const sources = new Map<Value, () => number>();
    new Counter({
      name: `yurt_${name}`,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, source] of sources) this.inc({ [label]: value }, source());
      },
    });
    return { readFrom: (value, source) => void sources.set(value, source) };
  };
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `yurt_${name}`, help, buckets: fromMicrosecondsToSeconds, registers });
  const durations = (name: string, help: string) =>
    createDurations({ name: `yurt_${name}`, help, buckets: fromMicrosecondsToSeconds, registry });
  return {
    registry,
    commits: liveCounter("commits_total", "Transactions that stored updates"),
    committedUpdates: liveCounter("committed_updates_total", "Updates stored"),
    updateToCommit: durations("update_to_commit_seconds", "From the first update of a transaction to its commit"),
    commitToAcknowledgement: durations("commit_to_acknowledgement_seconds", "From a commit to its acknowledgements"),
    waitingUpdateBytes: gauge("waiting_update_bytes", "Bytes of updates waiting for the store"),
    discardedUpdates: counter("discarded_updates_total", "Updates given up because the store failed"),
    syncs: durations("wal_sync_seconds", "Syncs of the write-ahead log to the disk"),
    checkpoints: histogram("wal_checkpoint_seconds", "Checkpoints of the write-ahead log"),
    storeFailures: counter("store_failures_total", "Failed calls of the store", "operation"),
    compactions: counter("compactions_total", "Compactions of documents", "outcome"),
    compactionDuration: histogram("compaction_seconds", "Compactions, the wait for the worker included"),
    quarantinedUpdates: counter("quarantined_updates_total", "Updates quarantined by compactions"),
    refusedUpdates: counter(
      "refused_updates_total",
      "Updates that were not taken from a client that may write",
      "reason",
    ),
    documentBytes: gauge("document_bytes", "Bytes of documents in memory"),
    documentLoads: counter("document_loads_total", "Documents read from the store"),
    documentUnloads: counter("document_unloads_total", "Documents whose bytes were dropped from memory", "reason"),
    snapshotBytes: gauge("snapshot_bytes", "Bytes of snapshots being sent to clients"),
    waitingSnapshots: gauge("waiting_snapshots", "Snapshots that wait for memory"),
    ready: gauge("ready", "1 while the server accepts updates, as GET /readyz says; else 0"),
    connections: gauge("connections", "WebSocket connections that are open"),
    work: labelledCounter("work_total", "Work done for clients, in the units of its kind", "kind"),
    turnWait: histogram("turn_wait_seconds", "From the time when a client's frames had to wait until its turn"),
    waitingConnections: gauge("waiting_connections", "Connections whose frames wait for their turn"),
    eventLoopLag: histogram("event_loop_lag_seconds", "How much later than due a timer runs, ten times per second"),
    unsentBytes: gauge("unsent_bytes", "Bytes queued for slow clients, snapshots excluded"),
    rooms: labelledGauge("rooms", "Rooms that are open: documents in use, and signaling rooms", "kind"),
    refusedSessions: counter(
      "refused_sessions_total",
      "Sessions, or documents of a session, closed for a protocol or limit violation",
      "reason",
    ),
    ignoredMessages: counter("ignored_messages_total", "Messages of clients ignored as unknown", "protocol"),
    droppedMessages: counter("dropped_messages_total", "Messages beside the document dropped at a bound", "bound"),
    closedConnections: counter("closed_connections_total", "Connections that the server closed", "reason"),
    accessDenials: counter(
      "access_denials_total",
      "Denied requests for access to a room, and permissions that ended",
      "kind",
      "code",
    ),
    delayedAuthorizations: counter("delayed_authorizations_total", "Requests for access to documents over their rate"),
    liveGrants: gauge("live_grants", "Permissions in use"),
    signalingBounds: counter("signaling_bounds_total", "Times that a signaling client exceeded a limit", "bound"),
    refusedUpgrades: counter("refused_upgrades_total", "WebSocket upgrades refused", "reason"),
    mailboxMessages: counter("mailbox_messages_total", "Messages queued for peers that are offline", "outcome"),
    mailboxBytes: gauge("mailbox_bytes", "Bytes of messages queued for peers that are offline"),
    webhookRequests: counter("webhook_requests_total", "Webhook requests for access, by outcome", "outcome"),
    webhookDuration: histogram("webhook_request_seconds", "Duration of webhook requests"),
  };
}
