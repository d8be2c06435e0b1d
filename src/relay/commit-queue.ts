import type { Limits } from "../config/limits.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../ops/log.ts";
import { type RowId, type Store, StoreError } from "../storage/store.ts";
import type { Acknowledgements } from "./acknowledgements.ts";

/** An update that waits for the store, and what follows. Exactly one of the two callbacks comes, once. */
export interface Write {
  readonly document: string;
  readonly update: Uint8Array;
  /** It is stored. Called in the order of `enqueue`, for a whole transaction in one synchronous block. */
  committed(row: RowId): void;
  /** It is not stored and never will be. */
  discarded(): void;
}

export interface CommitQueueOptions {
  readonly store: Store;
  /** Sent after each transaction, when all its updates have been forwarded. */
  readonly acknowledgements: Acknowledgements;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
}

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * Groups the updates of all rooms: once per turn of the event loop, one transaction.
 *
 * A store that fails is tried again with backoff and everything waits in order. When more than
 * `limits.waitingUpdateBytes` wait for a failing store, or it is corrupt, all that waits is discarded: the clients still
 * hold their updates and bring them when they reconnect.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  #waiting: Write[] = [];
  #waitingBytes = 0;
  /** A commit runs, or one is due: at the end of this turn, or at the next retry. */
  #isBusy = false;
  #failures = 0;
  #isClosing = false;
  /** Set while a retry is due, or after giving up a probe of the store. */
  #cancelRetry: (() => void) | undefined;
  #whenIdle: (() => void)[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** Whether the store failed and has not worked since. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  enqueue(write: Write): void {
    this.#waiting.push(write);
    this.#waitingBytes += write.update.byteLength;
    if (this.#cancelRetry !== undefined && this.#isOverfull) this.#giveUp();
    else this.#schedule();
  }

  /** Resolves when nothing waits any more: all is committed or discarded. */
  async idle(): Promise<void> {
    if (this.#isBusy) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** As `idle`, but does not wait for a failing store to recover. */
  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#cancelRetry !== undefined) this.#retry();
    await this.idle();
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
    const batch = this.#waiting;
    this.#waiting = [];
    let rows: readonly RowId[];
    try {
      rows = await this.#options.store.append(batch);
      if (rows.length !== batch.length) throw new Error("a store that does not say where it stored");
    } catch (error) {
      this.#waiting = batch.concat(this.#waiting);
      this.#failed(error);
      return;
    }
    if (this.isFailing) this.#options.log.info({ event: "store-recovered" });
    this.#failures = 0;
    batch.forEach((write, index) => {
      this.#waitingBytes -= write.update.byteLength;
      const row = rows[index];
      if (row !== undefined) this.#call(() => write.committed(row));
    });
    this.#call(() => this.#options.acknowledgements.flush());
    this.#settle();
  }

  #failed(error: unknown): void {
    if (this.#failures === 0) this.#options.log.error({ event: "store-failed", err: error });
    this.#failures += 1;
    const passes = error instanceof StoreError && error.kind !== "corrupt";
    if (!passes || this.#isClosing || this.#isOverfull) {
      this.#giveUp();
      return;
    }
    const delayMs = Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs);
    this.#cancelRetry = this.#options.clock.after(delayMs, () => this.#retry());
  }

  get #isOverfull(): boolean {
    return this.#waitingBytes > this.#options.limits.waitingUpdateBytes;
  }

  /** Only while no transaction runs. */
  #giveUp(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const writes = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (writes.length > 0) this.#options.log.error({ event: "updates-discarded", updates: writes.length });
    for (const write of writes) this.#call(() => write.discarded());
    // Else a server that is sent nothing because it is not ready would never find out that it could be.
    if (!this.#isClosing) this.#cancelRetry = this.#options.clock.after(longestRetryMs, () => this.#retry());
    this.#settle();
  }

  /** One room's fault must not keep the other rooms from hearing of their updates. */
  #call(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#options.log.error({ event: "commit-callback-failed", err: error });
    }
  }

  #settle(): void {
    this.#isBusy = false;
    if (this.#waiting.length > 0) {
      this.#schedule();
      return;
    }
    const resolves = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of resolves) resolve();
  }
}
