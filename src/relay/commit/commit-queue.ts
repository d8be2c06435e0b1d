import { backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Moment } from "../../ops/durations.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { type RowId, type Store, StoreError } from "../../storage/store.ts";
import type { RelayLimits } from "../limits.ts";
import { type Durability, storeBackoff } from "./durability.ts";
import { WritesByConnection } from "./writes-by-connection.ts";

/** A write of updates, which waits for the store. Either it is committed, or its owner is told that it is discarded. */
export interface PendingWrite {
  readonly document: string;
  /** Read after `seal`. */
  readonly update: Uint8Array;
  /** As `PendingUpdate.user`. */
  readonly user?: string | undefined;
  /** The size of its updates. */
  readonly bytes: number;
  /** The number of its updates. */
  readonly updates: number;
  readonly owner: WriteOwner;
  /** The connection whose writes are counted together. */
  readonly connection?: object | undefined;
  /** Called when its transaction begins, and again when that is retried: the write must not grow any more. */
  seal(): void;
  /** The update is stored. Called in the order of `enqueue`, for a whole transaction in one synchronous block. */
  committed(row: RowId): void;
}

/** The owner of writes, a room. */
export interface WriteOwner {
  /** None of the owner's writes that wait is stored, or ever will be. Called once for all of them. */
  discarded(): void;
}

/** The transaction of a write, as `CommitQueue.enqueue` returns it. */
export interface Transaction {
  /** The size of its updates. */
  bytes: number;
}

/** The writes of one transaction. */
interface Batch extends Transaction {
  readonly writes: PendingWrite[];
  /** The arrival of the first of the updates. */
  readonly begun: Moment;
}

export interface CommitQueueOptions {
  readonly store: Store;
  /** Informed of each transaction. */
  readonly durability: Durability;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<RelayLimits, "waitingUpdateBytes" | "waitingWritesPerConnection">;
  readonly metrics: Metrics;
  /** The longest time for which updates wait for a failing store; undefined for ever. */
  readonly patienceMs?: number | undefined;
}

/**
 * The bounds of one transaction. Without them, updates of many clients that waited for the store would block the event
 * loop.
 */
const maxBatchWrites = 250;
const maxBatchBytes = 1024 * 1024;

/**
 * Commits the updates of all rooms to the store in groups: one transaction per turn of the event loop, bounded in size, or
 * per `Store.appendIntervalMs`. This is the place where an update is committed.
 *
 * After a transaction, one synchronous block calls the `committed` callback of every update, inside
 * `Durability.committed`: the room publishes the update and registers its origin with `Durability.whenDurable`.
 *
 * When the store fails to commit or to sync, the commit is retried with backoff, and all updates wait in order. When
 * more than `limits.waitingUpdateBytes` wait for a failing store, when it has failed for longer than `patienceMs`, or
 * when it is corrupt, all waiting updates are discarded: the clients still hold them, and send them again when they
 * reconnect.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  /** The transactions to come, in order. New updates go into the last one. */
  readonly #batches: Batch[] = [];
  readonly #writes: WritesByConnection;
  #waitingBytes = 0;
  #commits = 0;
  #committedUpdates = 0;
  /** Whether a commit runs or is due: at the end of this turn, or at the next retry. */
  #isBusy = false;
  /** The time of the last commit; not kept for a store without an interval. */
  #begunAt = Number.NEGATIVE_INFINITY;
  #failures = 0;
  /** The time of the first of these failures. */
  #failingSince = 0;
  /** Since the store began to fail. */
  #discardedUpdates = 0;
  #isClosing = false;
  /** Set while a retry is due, or, after the queue has given up, a probe of the store. */
  #cancelRetry: (() => void) | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
    const { limits, metrics } = options;
    this.#writes = new WritesByConnection(limits.waitingWritesPerConnection);
    metrics.budgets.readFrom("waiting-updates", {
      used: () => this.#waitingBytes,
      limit: () => limits.waitingUpdateBytes,
    });
    metrics.commits.readFrom(() => this.#commits);
    metrics.committedUpdates.readFrom(() => this.#committedUpdates);
  }

  /** Whether the last commit or the last sync failed. */
  get isFailing(): boolean {
    return this.#failures > 0 || this.#options.durability.isFailing;
  }

  /** Adds a write. It is committed at the end of this turn at the earliest. */
  enqueue(write: PendingWrite): Transaction {
    const { bytes, connection } = write;
    if (connection !== undefined) this.#writes.add(connection);
    const batch = this.#batchFor(bytes);
    batch.writes.push(write);
    batch.bytes += bytes;
    this.#added(bytes);
    return batch;
  }

  /**
   * Whether so many writes of a connection wait that its next one should not be added before `whenFreeFor` calls. Nothing
   * waits for a failing store in this way: the client's other messages would wait as well.
   */
  isFullFor(connection: object): boolean {
    return this.#writes.isFull(connection) && !this.isFailing;
  }

  whenFreeFor(connection: object, task: () => void): void {
    if (this.isFullFor(connection)) this.#writes.whenFree(connection, task);
    else task();
  }

  /** Whether a write of `transaction` that is not sealed may grow by so many bytes. The caller then calls `grew`. */
  mayGrow(transaction: Transaction, bytes: number): boolean {
    return transaction.bytes + bytes <= maxBatchBytes;
  }

  /** Counts an update by which a write of `transaction` has grown. */
  grew(transaction: Transaction, bytes: number): void {
    transaction.bytes += bytes;
    this.#added(bytes);
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
    if (this.#cancelRetry !== undefined && this.#batches.length > 0) this.#retry();
    await this.idle();
    this.#cancelRetry?.();
    await this.#options.durability.close();
  }

  #batchFor(bytes: number): Batch {
    const last = this.#batches.at(-1);
    if (last !== undefined && last.writes.length < maxBatchWrites && last.bytes + bytes <= maxBatchBytes) return last;
    const batch = { writes: [], bytes: 0, begun: this.#options.metrics.updateToCommit.begin() };
    this.#batches.push(batch);
    return batch;
  }

  #added(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#cancelRetry !== undefined && this.#isOverfull) this.#giveUp();
    else this.#schedule();
  }

  #schedule(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    // The commit shows whether the store works: a probe beside it would begin a second transaction.
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const { clock, store } = this.#options;
    const { appendIntervalMs } = store;
    const waitMs = appendIntervalMs === undefined ? 0 : this.#begunAt + appendIntervalMs - clock.elapsedMs();
    if (waitMs > 0) clock.after(waitMs, this.#commit);
    else clock.afterTurn(this.#commit);
  }

  #retry(): void {
    this.#isBusy = true;
    this.#commit();
  }

  /** A store that answers synchronously has the updates published before anything else runs. */
  readonly #commit = (): void => {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#options.store.appendIntervalMs !== undefined) this.#begunAt = this.#options.clock.elapsedMs();
    // There is no batch when the store is only probed.
    const batch = this.#batches.shift();
    let rows: readonly RowId[] | Promise<readonly RowId[]>;
    try {
      rows = this.#append(batch?.writes ?? []);
    } catch (error) {
      this.#appendFailed(batch, error);
      return;
    }
    if (rows instanceof Promise) void this.#finish(batch, rows);
    else this.#appended(batch, rows);
  };

  #append(writes: readonly PendingWrite[]): readonly RowId[] | Promise<readonly RowId[]> {
    const { durability, store } = this.#options;
    // Published updates should be durable soon: while syncs fail, no further update is published.
    if (durability.isFailing) throw new StoreError("unavailable", "the store cannot sync to disk");
    for (const write of writes) write.seal();
    return store.append(writes);
  }

  async #finish(batch: Batch | undefined, appending: Promise<readonly RowId[]>): Promise<void> {
    let rows: readonly RowId[];
    try {
      rows = await appending;
    } catch (error) {
      this.#appendFailed(batch, error);
      return;
    }
    this.#appended(batch, rows);
  }

  #appended(batch: Batch | undefined, rows: readonly RowId[]): void {
    if (this.#failures > 0) this.#recovered();
    if (batch !== undefined) {
      this.#options.metrics.updateToCommit.end(batch.begun);
      this.#committed(batch, rows);
    }
    this.#continue();
  }

  #appendFailed(batch: Batch | undefined, error: unknown): void {
    if (batch !== undefined) this.#batches.unshift(batch);
    this.#failed(error);
  }

  /** Calls back the rooms, which publish the updates and register their origins. */
  #committed({ begun, writes }: Batch, rows: readonly RowId[]): void {
    this.#commits += 1;
    this.#options.durability.committed(() => {
      for (let index = 0; index < writes.length; index += 1) this.#wasCommitted(writes[index], rows[index]);
    }, begun);
  }

  #wasCommitted(write: PendingWrite | undefined, row: RowId | undefined): void {
    if (write === undefined || row === undefined) return;
    this.#waitingBytes -= write.bytes;
    this.#committedUpdates += write.updates;
    try {
      write.committed(row);
    } catch (error) {
      this.#callbackFailed(error);
    }
    if (write.connection !== undefined) this.#writes.remove(write.connection);
  }

  #failed(error: unknown): void {
    const { clock, log, metrics } = this.#options;
    if (this.#failures === 0) {
      log.error({ event: "store-failed", err: error });
      this.#failingSince = clock.elapsedMs();
    }
    this.#failures += 1;
    this.#writes.release();
    metrics.storeFailures.inc({ operation: "append" });
    const passes = error instanceof StoreError && error.kind !== "corrupt";
    if (!passes || this.#isClosing || this.#isOverfull || this.#isImpatient) {
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

  get #isImpatient(): boolean {
    const { clock, patienceMs = Number.POSITIVE_INFINITY } = this.#options;
    return clock.elapsedMs() - this.#failingSince > patienceMs;
  }

  /** Discards all waiting updates. Called only while no transaction runs. */
  #giveUp(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#isOverfull) this.#options.metrics.bounds.met("limits.waiting-update-bytes");
    const writes = this.#batches.splice(0).flatMap((batch) => batch.writes);
    this.#waitingBytes = 0;
    if (writes.length > 0) this.#countDiscarded(writes.reduce((sum, { updates }) => sum + updates, 0));
    for (const owner of new Set(writes.map((write) => write.owner))) this.#call(() => owner.discarded());
    this.#writes.clear();
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
