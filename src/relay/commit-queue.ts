import type { Clock } from "../lib/time/clock.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { type RowId, type Store, StoreError } from "../storage/store.ts";
import type { Durability } from "./durability.ts";
import type { RelayLimits } from "./limits.ts";

/** An update that waits for the store, and what follows. Exactly one of the two callbacks comes, once. */
export interface PendingWrite {
  readonly document: string;
  readonly update: Uint8Array;
  /** It is stored. Called in the order of `enqueue`, for a whole transaction in one synchronous block. */
  committed(row: RowId): void;
  /** It is not stored and never will be. */
  discarded(): void;
}

/** The updates of one transaction. */
interface Batch {
  readonly writes: PendingWrite[];
  bytes: number;
  /** Since the first of them came. */
  readonly endTimer: () => void;
}

export interface CommitQueueOptions {
  readonly store: Store;
  /** Told after each transaction, when all its updates have been forwarded. */
  readonly durability: Durability;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<RelayLimits, "waitingUpdateBytes">;
  readonly metrics: Metrics;
}

/** Of one transaction: a crowd that waited for the store would hold up the event loop for all that it has brought. */
const maxBatchWrites = 250;
const maxBatchBytes = 1024 * 1024;
const firstRetryMs = 100;
const maxRetryMs = 5_000;

/**
 * Groups the updates of all rooms: once per turn of the event loop, one transaction of as many as do not hold it up.
 *
 * A store that fails, to commit or to sync, is tried again with backoff and everything waits in order. When more than
 * `limits.waitingUpdateBytes` wait for a failing store, or it is corrupt, all that waits is discarded: the clients still
 * hold their updates and bring them when they reconnect.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  /** Only the last takes more. */
  readonly #batches: Batch[] = [];
  #waitingBytes = 0;
  /** A commit runs, or one is due: at the end of this turn, or at the next retry. */
  #isBusy = false;
  #failures = 0;
  #isClosing = false;
  /** Set while a retry is due, or after giving up a probe of the store. */
  #cancelRetry: (() => void) | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    options.metrics.waitingUpdateBytes.readFrom(() => this.#waitingBytes);
  }

  /** Whether the store failed and has not worked since. */
  get isFailing(): boolean {
    return this.#failures > 0 || this.#options.durability.isFailing;
  }

  enqueue(write: PendingWrite): void {
    const bytes = write.update.byteLength;
    const batch = this.#batchFor(bytes);
    batch.writes.push(write);
    batch.bytes += bytes;
    this.#waitingBytes += bytes;
    if (this.#cancelRetry !== undefined && this.#isOverfull) this.#giveUp();
    else this.#schedule();
  }

  /** Resolves when nothing waits any more: all is committed or discarded. */
  async idle(): Promise<void> {
    if (this.#isBusy) await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
  }

  /** As `idle`, but does not wait for a failing store to recover; what is committed is on disk then, if it can be. */
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
    // Nothing, when the store is only to be tried.
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
    if (this.#failures > 0) this.#options.log.info({ event: "store-recovered" });
    this.#failures = 0;
    batch?.endTimer();
    this.#committed(writes, rows);
    this.#continue();
  }

  async #append(batch: readonly PendingWrite[]): Promise<readonly RowId[]> {
    const { durability, store } = this.#options;
    // What is visible should be on disk soon: where nothing gets there, nothing new becomes visible.
    if (durability.isFailing) throw new StoreError("unavailable", "The store cannot sync what it has.");
    const rows = await store.append(batch);
    if (rows.length !== batch.length) throw new Error("a store that does not say where it stored");
    return rows;
  }

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
    const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), maxRetryMs);
    this.#cancelRetry = this.#options.clock.after(delayMs, () => this.#retry());
  }

  get #isOverfull(): boolean {
    return this.#waitingBytes > this.#options.limits.waitingUpdateBytes;
  }

  /** Only while no transaction runs. */
  #giveUp(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const writes = this.#batches.splice(0).flatMap((batch) => batch.writes);
    this.#waitingBytes = 0;
    if (writes.length > 0) this.#options.log.error({ event: "updates-discarded", updates: writes.length });
    for (const write of writes) this.#call(() => write.discarded());
    // Else a server that is sent nothing because it is not ready would never find out that it could be.
    if (!this.#isClosing) this.#cancelRetry = this.#options.clock.after(maxRetryMs, () => this.#retry());
    this.#continue();
  }

  /** One room's fault must not keep the other rooms from hearing of their updates. */
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
