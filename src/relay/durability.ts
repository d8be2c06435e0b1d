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

type Sends = Map<Connection, (() => void)[]>;

const firstRetryMs = 100;
const longestRetryMs = 5_000;
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
  #waiting: Sends = new Map();
  /** Something was committed since the last sync began, or since one before it that failed. */
  #isDirty = false;
  #isSyncing = false;
  #isDue = false;
  #failures = 0;
  #isClosed = false;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #cancelNext: (() => void) | undefined;
  #whenSettled: (() => void)[] = [];
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
    if (!this.isFailing) this.#soon();
  }

  /**
   * `send`, which sends to `connection`, is called when all that is committed by now, or will be in this turn, is on
   * disk.
   */
  acknowledge(connection: Connection, send: () => void): void {
    const sends = this.#waiting.get(connection);
    if (sends === undefined) this.#waiting.set(connection, [send]);
    else sends.push(send);
    if (this.#isDue) return;
    this.#isDue = true;
    this.#options.clock.afterTurn(() => {
      this.#isDue = false;
      if (this.#isSure) this.#flush();
    });
  }

  /** Resolves when all that was committed is on disk and acknowledged, or the sync for it has failed; syncs no more then. */
  async close(): Promise<void> {
    await this.#settled();
    // What was committed while the last one ran.
    if (this.#isDirty) this.#next();
    await this.#settled();
    this.#isClosed = true;
    this.#cancelNext?.();
  }

  /** Resolves when no sync runs. */
  async #settled(): Promise<void> {
    if (this.#isSyncing) await new Promise<void>((resolve) => this.#whenSettled.push(resolve));
  }

  /** Whether nothing has to be waited for. */
  get #isSure(): boolean {
    return this.#options.durability === "process" || !(this.#isDirty || this.#isSyncing);
  }

  /** The next sync, when it is due. */
  #soon(): void {
    if (this.#isSyncing || this.#isClosed || this.#cancelNext !== undefined) return;
    const { clock, durability } = this.#options;
    const waitMs = this.#syncedAt + intervalMs[durability] - clock.now();
    if (waitMs <= 0) this.#next();
    else this.#cancelNext = clock.after(waitMs, () => this.#next());
  }

  #next(): void {
    if (this.#isSyncing || this.#isClosed) return;
    this.#cancelNext?.();
    this.#cancelNext = undefined;
    this.#isSyncing = true;
    this.#isDirty = false;
    this.#syncedAt = this.#options.clock.now();
    const covered = this.#waiting;
    this.#waiting = new Map();
    void this.#sync(covered);
  }

  async #sync(covered: Sends): Promise<void> {
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
    if (this.#isDirty) this.#soon();
    if (this.#isSure) this.#flush();
    if (!this.#isSyncing) this.#settle();
  }

  #failed(error: unknown, covered: Sends): void {
    const { clock, log, metrics } = this.#options;
    metrics.storeFailures.inc({ operation: "sync" });
    if (!this.isFailing) log.error({ event: "sync-failed", err: error });
    this.#failures += 1;
    this.#isDirty = true;
    for (const [connection, sends] of this.#waiting)
      covered.set(connection, (covered.get(connection) ?? []).concat(sends));
    this.#waiting = covered;
    if (!this.#isClosed) {
      const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs);
      this.#cancelNext = clock.after(delayMs, () => this.#next());
    }
    this.#settle();
  }

  #flush(): void {
    const sends = this.#waiting;
    this.#waiting = new Map();
    send(sends);
    this.#endTimer?.();
    this.#endTimer = undefined;
  }

  #settle(): void {
    const resolves = this.#whenSettled;
    this.#whenSettled = [];
    for (const resolve of resolves) resolve();
  }
}

function send(waiting: Sends): void {
  for (const [connection, sends] of waiting) {
    connection.cork(() => {
      for (const each of sends) each();
    });
  }
}
