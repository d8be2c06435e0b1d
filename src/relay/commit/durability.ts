import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Moment } from "../../ops/durations.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { Store } from "../../storage/store.ts";

/** Runs tasks together. The tasks that send to one connection share a group: what they send is written at once. */
export interface TaskGroup {
  /** Runs `task` at once. */
  cork(task: () => void): void;
}

/** The origin of an update, which is told when the update is durable. */
export interface Told {
  stored?(): void;
}

export interface DurabilityOptions {
  readonly store: Pick<Store, "durable">;
  /**
   * The guarantee of an acknowledgement: with `disk`, the update survives a power loss; with `process`, a crash of the
   * server.
   */
  readonly durability: "disk" | "process";
  /**
   * With `disk`, the time from the start of one sync to the start of the next, which acknowledgements wait at most. A
   * sync after a pause does not wait. Each costs 0.15 ms of CPU, whatever was written.
   */
  readonly acknowledgementWindowMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Pending = Map<TaskGroup, Told[]>;

/** The delays before a commit or a sync that has failed is tried again. */
export const storeBackoff: Backoff = { firstMs: 100, maxMs: 1_000 };
/**
 * With `process`, the time from the start of one sync to the start of the next. A power loss loses the updates that were
 * committed within it.
 */
const processIntervalMs = 1_000;

/**
 * Makes committed updates durable, and tells the origins of the updates that wait for it. This is the place where an
 * update is acknowledged.
 *
 * `committed` reports a transaction, and `whenDurable` registers the origin of an update: of one that was just committed
 * inside `committed`, of one that was known at any time. With `process`, `committed` tells the origins at its end; with
 * `disk`, it may start the sync that covers them.
 *
 * There is one sync at a time, for all documents. When it ends, the origins of everything that was committed before it
 * began are told. A sync that fails tells none, and is retried with backoff.
 *
 * Origins are told in groups. Sent one by one between publishes, acknowledgements would be the most expensive part of the
 * relay, because each direct send flushes what was published to that socket before (6 µs per delivery, not 1).
 */
export class Durability {
  readonly #options: DurabilityOptions;
  /** The origins that the running sync does not cover. */
  #pending: Pending = new Map();
  /** Whether updates were committed that no successful or running sync covers. */
  #isDirty = false;
  #isSyncing = false;
  #isFlushDue = false;
  #isCommitting = false;
  #failures = 0;
  #isClosed = false;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #cancelSync: (() => void) | undefined;
  #syncWaiters: (() => void)[] = [];
  /** The first commit whose acknowledgement waits for a sync that has not begun. */
  #begun: Moment | undefined;
  /** The arrival of the first update of that commit. */
  #arrived: Moment = 0;

  constructor(options: DurabilityOptions) {
    this.#options = options;
  }

  /** Whether the last sync failed. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /**
   * Reports a transaction, whose first update has arrived at `arrived`. `publish` is run at once; it publishes the updates
   * and registers their origins.
   */
  committed(publish: () => void, arrived: Moment): void {
    this.#isDirty = true;
    if (this.#begun === undefined) {
      this.#begun = this.#options.metrics.commitToAcknowledgement.begin();
      this.#arrived = arrived;
    }
    this.#isCommitting = true;
    publish();
    this.#isCommitting = false;
    if (this.#options.durability === "process") this.#flush();
    if (!this.isFailing) this.#scheduleSync();
  }

  /**
   * Has `told.stored` called, together with others of its group, once everything is durable that is committed by now or
   * will be in this turn.
   */
  whenDurable(group: TaskGroup, told: Told): void {
    const pending = this.#pending.get(group);
    if (pending === undefined) this.#pending.set(group, [told]);
    else pending.push(told);
    if (this.#isFlushDue || this.#isCommitting || !this.#canAcknowledge) return;
    this.#isFlushDue = true;
    this.#options.clock.afterTurn(() => {
      this.#isFlushDue = false;
      if (this.#canAcknowledge) this.#flush();
    });
  }

  /** Resolves when all updates that are committed by now are durable and acknowledged, or their sync has failed. */
  async settled(): Promise<void> {
    await this.#untilSyncEnds();
    // Updates that were committed while the last sync ran need one more.
    if (this.#isDirty) this.#startSync();
    await this.#untilSyncEnds();
  }

  /** As `settled`. No sync is started after that. */
  async close(): Promise<void> {
    await this.settled();
    this.#isClosed = true;
    this.#cancelSync?.();
  }

  /** Resolves when no sync is running. */
  async #untilSyncEnds(): Promise<void> {
    if (this.#isSyncing) await new Promise<void>((resolve) => this.#syncWaiters.push(resolve));
  }

  /** Whether everything that is committed is as durable as an acknowledgement promises. */
  get #canAcknowledge(): boolean {
    return this.#options.durability === "process" || !(this.#isDirty || this.#isSyncing);
  }

  /** Starts the next sync when it is due. */
  #scheduleSync(): void {
    if (this.#isSyncing || this.#isClosed || this.#cancelSync !== undefined) return;
    const { acknowledgementWindowMs, clock, durability } = this.#options;
    const intervalMs = durability === "disk" ? acknowledgementWindowMs : processIntervalMs;
    const waitMs = this.#syncedAt + intervalMs - clock.elapsedMs();
    if (waitMs <= 0) this.#startSync();
    else this.#cancelSync = clock.after(waitMs, () => this.#startSync());
  }

  #startSync(): void {
    if (this.#isSyncing || this.#isClosed) return;
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    this.#isSyncing = true;
    this.#isDirty = false;
    this.#syncedAt = this.#options.clock.elapsedMs();
    const covered = this.#pending;
    this.#pending = new Map();
    void this.#sync(covered);
  }

  async #sync(covered: Pending): Promise<void> {
    const begun = this.#begun;
    const arrived = this.#arrived;
    this.#begun = undefined;
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
    this.#tell(covered);
    this.#acknowledged(begun, arrived);
    if (this.#isDirty) this.#scheduleSync();
    if (this.#canAcknowledge) this.#flush();
    if (!this.#isSyncing) this.#resolveSyncWaiters();
  }

  #failed(error: unknown, covered: Pending): void {
    const { clock, log, metrics } = this.#options;
    metrics.storeFailures.inc({ operation: "sync" });
    if (!this.isFailing) log.error({ event: "sync-failed", err: error });
    this.#failures += 1;
    this.#isDirty = true;
    for (const [group, pending] of this.#pending) covered.set(group, (covered.get(group) ?? []).concat(pending));
    this.#pending = covered;
    if (!this.#isClosed) {
      this.#cancelSync = clock.after(backoffMs(this.#failures, storeBackoff), () => this.#startSync());
    }
    this.#resolveSyncWaiters();
  }

  /** Tells all registered origins. */
  #flush(): void {
    const pending = this.#pending;
    this.#pending = new Map();
    this.#tell(pending);
    this.#acknowledged(this.#begun, this.#arrived);
    this.#begun = undefined;
  }

  #acknowledged(begun: Moment | undefined, arrived: Moment): void {
    if (begun === undefined) return;
    const { commitToAcknowledgement, updateToAcknowledgement } = this.#options.metrics;
    commitToAcknowledgement.end(begun);
    updateToAcknowledgement.end(arrived);
  }

  #tell(pending: Pending): void {
    for (const [group, told] of pending) {
      group.cork(() => {
        for (const each of told) this.#call(each);
      });
    }
  }

  /** A fault of one origin must not keep the others from being told. */
  #call(told: Told): void {
    try {
      told.stored?.();
    } catch (error) {
      this.#options.log.error({ event: "commit-callback-failed", err: error });
    }
  }

  #resolveSyncWaiters(): void {
    const resolves = this.#syncWaiters;
    this.#syncWaiters = [];
    for (const resolve of resolves) resolve();
  }
}
