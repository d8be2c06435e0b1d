import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Store } from "../../storage/store.ts";
import type { Connection } from "../../transport/connection.ts";

export interface DurabilityOptions {
  readonly store: Pick<Store, "durable">;
  /**
   * The guarantee of an acknowledgement: with `disk`, the update survives a power loss; with `process`, a crash of the
   * server.
   */
  readonly durability: "disk" | "process";
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type PendingSends = Map<Connection, (() => void)[]>;

/** The delays before a commit or a sync that has failed is tried again. */
export const storeBackoff: Backoff = { firstMs: 100, maxMs: 5_000 };
/**
 * The time from the start of one sync to the start of the next. A first sync never waits. Under a constant stream each
 * sync costs 0.15 ms of CPU, much of it in the file system, and syncing more often gains nothing that a user would
 * notice. With `process`, a power loss loses the updates that were committed within this time.
 */
const intervalMs = { disk: 4, process: 1_000 };

/**
 * Makes committed updates durable, and sends the acknowledgements that wait for it. This is the place where an update
 * is acknowledged.
 *
 * `acknowledge` registers an acknowledgement, `committed` reports the end of a transaction. `CommitQueue` guarantees
 * the order: the acknowledgements of a transaction are registered before `committed` is called for it. With `process`,
 * `committed` sends them at once (registered later, they would wait for the end of the turn); with `disk`, it may start
 * the sync that covers them.
 *
 * There is one sync at a time, for all documents. When it ends, everything that was committed before it began is
 * acknowledged. A sync that fails acknowledges nothing, and is retried with backoff.
 *
 * Acknowledgements are sent in groups by connection. Sent one by one between publishes they would be the most expensive
 * part of the relay, because each direct send flushes what was published to that socket before (6 µs per delivery, not
 * 1).
 */
export class Durability {
  readonly #options: DurabilityOptions;
  /** The acknowledgements that the running sync does not cover, by connection. */
  #pendingSends: PendingSends = new Map();
  /** Whether updates were committed that no successful or running sync covers. */
  #isDirty = false;
  #isSyncing = false;
  #isFlushDue = false;
  #failures = 0;
  #isClosed = false;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #cancelSync: (() => void) | undefined;
  #syncWaiters: (() => void)[] = [];
  #endTimer: (() => void) | undefined;

  constructor(options: DurabilityOptions) {
    this.#options = options;
  }

  /** Whether the last sync failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** Reports that a transaction was committed. Its updates are published, and their acknowledgements registered. */
  committed(): void {
    this.#isDirty = true;
    this.#endTimer ??= this.#options.metrics.commitToAcknowledgement.startTimer();
    if (this.#options.durability === "process") this.#flush();
    if (!this.isFailing) this.#scheduleSync();
  }

  /**
   * Registers an acknowledgement. `send`, which sends to `connection`, is called once everything is durable that is
   * committed by now or will be in this turn.
   */
  acknowledge(connection: Connection, send: () => void): void {
    const sends = this.#pendingSends.get(connection);
    if (sends === undefined) this.#pendingSends.set(connection, [send]);
    else sends.push(send);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    this.#options.clock.afterTurn(() => {
      this.#isFlushDue = false;
      if (this.#canAcknowledge) this.#flush();
    });
  }

  /**
   * Resolves when all committed updates are durable and acknowledged, or their sync has failed. No sync is started
   * after that.
   */
  async close(): Promise<void> {
    await this.#untilSyncEnds();
    // Updates that were committed while the last sync ran need one more.
    if (this.#isDirty) this.#startSync();
    await this.#untilSyncEnds();
    this.#isClosed = true;
    this.#cancelSync?.();
  }

  /** Resolves when no sync is running. */
  async #untilSyncEnds(): Promise<void> {
    if (this.#isSyncing) await new Promise<void>((resolve) => this.#syncWaiters.push(resolve));
  }

  /** Whether an acknowledgement need not wait for a sync. */
  get #canAcknowledge(): boolean {
    return this.#options.durability === "process" || !(this.#isDirty || this.#isSyncing);
  }

  /** Starts the next sync when it is due. */
  #scheduleSync(): void {
    if (this.#isSyncing || this.#isClosed || this.#cancelSync !== undefined) return;
    const { clock, durability } = this.#options;
    const waitMs = this.#syncedAt + intervalMs[durability] - clock.now();
    if (waitMs <= 0) this.#startSync();
    else this.#cancelSync = clock.after(waitMs, () => this.#startSync());
  }

  #startSync(): void {
    if (this.#isSyncing || this.#isClosed) return;
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    this.#isSyncing = true;
    this.#isDirty = false;
    this.#syncedAt = this.#options.clock.now();
    const covered = this.#pendingSends;
    this.#pendingSends = new Map();
    void this.#sync(covered);
  }

  async #sync(covered: PendingSends): Promise<void> {
    const endTimer = this.#endTimer;
    this.#endTimer = undefined;
    try {
      await this.#options.store.durable();
    } catch (error) {
      this.#failed(error, covered);
      return;
    } finally {
      this.#isSyncing = false;
    }
    if (this.isFailing) this.#options.log.info({ event: "sync-recovered" });
    this.#failures = 0;
    send(covered);
    endTimer?.();
    if (this.#isDirty) this.#scheduleSync();
    if (this.#canAcknowledge) this.#flush();
    if (!this.#isSyncing) this.#resolveSyncWaiters();
  }

  #failed(error: unknown, covered: PendingSends): void {
    const { clock, log, metrics } = this.#options;
    metrics.storeFailures.inc({ operation: "sync" });
    if (!this.isFailing) log.error({ event: "sync-failed", err: error });
    this.#failures += 1;
    this.#isDirty = true;
    for (const [connection, sends] of this.#pendingSends)
      covered.set(connection, (covered.get(connection) ?? []).concat(sends));
    this.#pendingSends = covered;
    if (!this.#isClosed) {
      this.#cancelSync = clock.after(backoffMs(this.#failures, storeBackoff), () => this.#startSync());
    }
    this.#resolveSyncWaiters();
  }

  /** Sends all registered acknowledgements. */
  #flush(): void {
    const sends = this.#pendingSends;
    this.#pendingSends = new Map();
    send(sends);
    this.#endTimer?.();
    this.#endTimer = undefined;
  }

  #resolveSyncWaiters(): void {
    const resolves = this.#syncWaiters;
    this.#syncWaiters = [];
    for (const resolve of resolves) resolve();
  }
}

function send(pending: PendingSends): void {
  for (const [connection, sends] of pending) {
    connection.cork(() => {
      for (const each of sends) each();
    });
  }
}
