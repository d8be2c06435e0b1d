import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Store } from "../storage/store.ts";
import type { Connection } from "../transport/connection.ts";

export interface DurabilityOptions {
  readonly store: Pick<Store, "durable">;
  /** What an acknowledgement says: `disk`, that an update survives a power cut; `process`, a crash of the server. */
  readonly durability: "disk" | "process";
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type PendingSends = Map<Connection, (() => void)[]>;

const firstRetryMs = 100;
const maxRetryMs = 5_000;
/**
 * From the start of one sync to the start of the next, by what acknowledgements say. A first one never waits; under a
 * constant stream each costs 0.15 ms of CPU, much of it in the file system, which nobody would notice the use of. With
 * `process`, a power cut takes what was committed within this time.
 */
const intervalMs = { disk: 4, process: 1_000 };

/**
 * What is on disk, and the acknowledgements that wait for it.
 *
 * One sync at a time, of all documents: when it ends, what was committed before it began is acknowledged. A sync that
 * fails acknowledges nothing and is tried again with backoff.
 *
 * Acknowledgements are sent grouped by connection: one by one among the publishes they would cost most of all that the
 * relay does, since each direct send writes out what was published to that socket before (6 µs per delivery, not 1).
 */
export class Durability {
  readonly #options: DurabilityOptions;
  /** Of what was committed since the running sync began, or before. */
  #pendingSends: PendingSends = new Map();
  /** Something was committed since the last sync began, or since one before it that failed. */
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

  /** Something was committed, and those who were to hear of it have been told. */
  committed(): void {
    this.#isDirty = true;
    this.#endTimer ??= this.#options.metrics.commitToAcknowledgement.startTimer();
    if (this.#options.durability === "process") this.#flush();
    if (!this.isFailing) this.#scheduleSync();
  }

  /**
   * `send`, which sends to `connection`, is called when all that is committed by now, or will be in this turn, is on
   * disk.
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

  /** Resolves when all that was committed is on disk and acknowledged, or the sync for it has failed; syncs no more then. */
  async close(): Promise<void> {
    await this.#untilSyncEnds();
    // What was committed while the last one ran.
    if (this.#isDirty) this.#startSync();
    await this.#untilSyncEnds();
    this.#isClosed = true;
    this.#cancelSync?.();
  }

  /** Resolves when no sync runs. */
  async #untilSyncEnds(): Promise<void> {
    if (this.#isSyncing) await new Promise<void>((resolve) => this.#syncWaiters.push(resolve));
  }

  /** Whether nothing has to be waited for. */
  get #canAcknowledge(): boolean {
    return this.#options.durability === "process" || !(this.#isDirty || this.#isSyncing);
  }

  /** The next sync, when it is due. */
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
      const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), maxRetryMs);
      this.#cancelSync = clock.after(delayMs, () => this.#startSync());
    }
    this.#resolveSyncWaiters();
  }

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
