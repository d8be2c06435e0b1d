import { backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { type RowId, type Store, StoreError } from "../../storage/store.ts";
import type { RelayLimits } from "../limits.ts";
import { type Durability, storeBackoff } from "./durability.ts";

/** An update that waits for the store. Exactly one of its two callbacks is called, once. */
export interface PendingWrite {
  readonly document: string;
  readonly update: Uint8Array;
  /** The update is stored. Called in the order of `enqueue`, for a whole transaction in one synchronous block. */
  committed(row: RowId): void;
  /** The update is not stored and never will be. */
  discarded(): void;
}

/** The updates of one transaction. */
interface Batch {
  readonly writes: PendingWrite[];
  bytes: number;
  /** Ends the timer that started with the first of the updates. */
  readonly endTimer: () => void;
}

export interface CommitQueueOptions {
  readonly store: Store;
  /** Informed of each transaction, after the `committed` callbacks of all its updates. */
  readonly durability: Durability;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<RelayLimits, "waitingUpdateBytes">;
  readonly metrics: Metrics;
}

/**
 * The bounds of one transaction. Without them, updates of many clients that waited for the store would block the event
 * loop.
 */
const maxBatchWrites = 250;
const maxBatchBytes = 1024 * 1024;

/**
 * Commits the updates of all rooms to the store in groups: one transaction per turn of the event loop, bounded in size.
 * This is the place where an update is committed.
 *
 * After a transaction, one synchronous block does two things in this order. First it calls the `committed` callback of
 * every update: the room publishes the update and registers its acknowledgement with `Durability.acknowledge`. Then it
 * calls `Durability.committed` once, which relies on those acknowledgements being registered.
 *
 * When the store fails to commit or to sync, the commit is retried with backoff, and all updates wait in order. When
 * more than `limits.waitingUpdateBytes` wait for a failing store, or when the store is corrupt, all waiting updates are
 * discarded: the clients still hold them, and send them again when they reconnect.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  /** The transactions to come, in order. New updates go into the last one. */
  readonly #batches: Batch[] = [];
  #waitingBytes = 0;
  /** Whether a commit runs or is due: at the end of this turn, or at the next retry. */
  #isBusy = false;
  #failures = 0;
  /** Since the store began to fail. */
  #discardedUpdates = 0;
  #isClosing = false;
  /** Set while a retry is due, or, after the queue has given up, a probe of the store. */
  #cancelRetry: (() => void) | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    options.metrics.waitingUpdateBytes.readFrom(() => this.#waitingBytes);
  }

  /** Whether the last commit or the last sync failed. */
  get isFailing(): boolean {
    return this.#failures > 0 || this.#options.durability.isFailing;
  }

  /** Adds an update. It is committed at the end of this turn at the earliest. */
  enqueue(write: PendingWrite): void {
    const bytes = write.update.byteLength;
    const batch = this.#batchFor(bytes);
    batch.writes.push(write);
    batch.bytes += bytes;
    this.#waitingBytes += bytes;
    if (this.#cancelRetry !== undefined && this.#isOverfull) this.#giveUp();
    else this.#schedule();
  }

  /** Resolves when no update waits: all are committed or discarded. */
  async idle(): Promise<void> {
    if (this.#isBusy) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /**
   * As `idle`, but does not wait for a failing store to recover. Then waits until committed updates are durable, if
   * they can be.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#cancelRetry !== undefined) this.#retry();
    await this.idle();
    await this.#options.durability.close();
  }

  #batchFor(bytes: number): Batch {
    const last = this.#batches.at(-1);
    if (last !== undefined && last.writes.length < maxBatchWrites && last.bytes + bytes <= maxBatchBytes) return last;
    const batch = { writes: [], bytes: 0, endTimer: this.#options.metrics.updateToCommit.startTimer() };
    this.#batches.push(batch);
    return batch;
  }

  #schedule(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#options.clock.afterTurn(() => void this.#commit());
  }

  #retry(): void {
    this.#isBusy = true;
    void this.#commit();
  }

  async #commit(): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    // There is no batch when the store is only probed.
    const batch = this.#batches.shift();
    const writes = batch?.writes ?? [];
    let rows: readonly RowId[];
    try {
      rows = await this.#append(writes);
    } catch (error) {
      if (batch !== undefined) this.#batches.unshift(batch);
      this.#failed(error);
      return;
    }
    if (this.#failures > 0) this.#recovered();
    batch?.endTimer();
    this.#committed(writes, rows);
    this.#continue();
  }

  async #append(batch: readonly PendingWrite[]): Promise<readonly RowId[]> {
    const { durability, store } = this.#options;
    // Published updates should be durable soon: while syncs fail, no further update is published.
    if (durability.isFailing) throw new StoreError("unavailable", "the store cannot sync to disk");
    const rows = await store.append(batch);
    if (rows.length !== batch.length) throw new Error("the store returned a wrong number of rows");
    return rows;
  }

  /** Calls back the rooms, which publish and register acknowledgements, and only then `Durability`. */
  #committed(batch: readonly PendingWrite[], rows: readonly RowId[]): void {
    const { durability, metrics } = this.#options;
    if (batch.length === 0) return;
    for (let index = 0; index < batch.length; index += 1) this.#wasCommitted(batch[index], rows[index]);
    metrics.commits.inc();
    metrics.committedUpdates.inc(batch.length);
    this.#call(() => durability.committed());
  }

  #wasCommitted(write: PendingWrite | undefined, row: RowId | undefined): void {
    if (write === undefined || row === undefined) return;
    this.#waitingBytes -= write.update.byteLength;
    try {
      write.committed(row);
    } catch (error) {
      this.#callbackFailed(error);
    }
  }

  #failed(error: unknown): void {
    const { log, metrics } = this.#options;
    if (this.#failures === 0) log.error({ event: "store-failed", err: error });
    this.#failures += 1;
    metrics.storeFailures.inc({ operation: "append" });
    const passes = error instanceof StoreError && error.kind !== "corrupt";
    if (!passes || this.#isClosing || this.#isOverfull) {
      this.#giveUp();
      return;
    }
    this.#cancelRetry = this.#options.clock.after(backoffMs(this.#failures, storeBackoff), () => this.#retry());
  }

  #recovered(): void {
    this.#options.log.info({ event: "store-recovered", discardedUpdates: this.#discardedUpdates });
    this.#failures = 0;
    this.#discardedUpdates = 0;
  }

  /** Clients that reconnect send their updates again, several times a second: only the first time is logged. */
  #countDiscarded(updates: number): void {
    const { log, metrics } = this.#options;
    if (this.#discardedUpdates === 0) log.error({ event: "updates-discarded", updates });
    this.#discardedUpdates += updates;
    metrics.discardedUpdates.inc(updates);
  }

  get #isOverfull(): boolean {
    return this.#waitingBytes > this.#options.limits.waitingUpdateBytes;
  }

  /** Discards all waiting updates. Called only while no transaction runs. */
  #giveUp(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const writes = this.#batches.splice(0).flatMap((batch) => batch.writes);
    this.#waitingBytes = 0;
    if (writes.length > 0) this.#countDiscarded(writes.length);
    for (const write of writes) this.#call(() => write.discarded());
    // Without a probe, a server that gets no traffic because it is not ready would never notice that the store works
    // again.
    if (!this.#isClosing) this.#cancelRetry = this.#options.clock.after(storeBackoff.maxMs, () => this.#retry());
    this.#continue();
  }

  /**
   * Calls `task`, and logs an error: a fault of one room must not keep the callbacks of other rooms from being called.
   */
  #call(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#callbackFailed(error);
    }
  }

  #callbackFailed(error: unknown): void {
    this.#options.log.error({ event: "commit-callback-failed", err: error });
  }

  /** Schedules the next transaction, or resolves the callers of `idle`. */
  #continue(): void {
    this.#isBusy = false;
    if (this.#batches.length > 0) {
      this.#schedule();
      return;
    }
    const resolves = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of resolves) resolve();
  }
}
