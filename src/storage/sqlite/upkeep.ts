import type { Clock } from "../../lib/time/clock.ts";
import { nextTurn } from "../../lib/time/next-turn.ts";

export interface UpkeepOptions {
  readonly clock: Clock;
  /** Makes all writes durable, if any may not be. Rejects if they are not durable then. */
  readonly sync: () => Promise<void>;
  /** The size of the writes that no sync covers. */
  readonly unsyncedBytes: () => number;
  /** Folds a part of the journal; false if there is nothing to fold. A few milliseconds. Throws or rejects if it
   * fails. */
  readonly fold: () => boolean | Promise<boolean>;
  /** Whether the journal has to be folded even while updates are written. */
  readonly mustFold: () => boolean;
  /** Shortens the write-ahead log. */
  readonly truncate: () => Promise<void>;
}

/** Upkeep begins when nothing has been written for this time, which is looked at once per such time. */
const quietMs = 2_000;
/** The time after upkeep has failed until it is tried again. */
const retryMs = 5_000;
/** A sync follows when this much has been folded: what is not synced is kept in memory. */
const syncedBytes = 1024 * 1024;

/**
 * Does what the store's calls leave for later: syncs what no call has asked to sync, folds the journal, and shortens the
 * write-ahead log. It begins two to four seconds after the last write, and goes on until everything is done or something
 * is written again. A full journal is folded at once, beside the writes.
 */
export class Upkeep {
  readonly #options: UpkeepOptions;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #hasWritten = false;
  /** The last upkeep has failed, and its retry is not due. */
  #isBackingOff = false;
  #isClosed = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  /** Reports a write. */
  written(): void {
    this.#hasWritten = true;
    if (this.#cancel === undefined && this.#running === undefined) this.#schedule(quietMs);
  }

  /** Reports that the journal is full. */
  journalFull(): void {
    if (this.#running === undefined && !this.#isBackingOff) this.#start(() => this.#foldFull());
  }

  /** Ends the upkeep. Resolves when the part under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    this.#cancel?.();
    this.#cancel = this.#options.clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#isBackingOff = false;
      if (this.#hasWritten) {
        this.#hasWritten = false;
        this.#schedule(quietMs);
      } else this.#start(() => this.#tidy());
    });
  }

  #start(task: () => Promise<void>): void {
    if (this.#isClosed) return;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#running = task().then(
      () => this.#ended(false),
      () => this.#ended(true),
    );
  }

  #ended(hasFailed: boolean): void {
    this.#running = undefined;
    this.#isBackingOff = hasFailed;
    if (this.#hasWritten || hasFailed) this.#schedule(hasFailed ? retryMs : quietMs);
  }

  async #tidy(): Promise<void> {
    const { sync, truncate } = this.#options;
    await sync();
    while (!this.#hasWritten && !this.#isClosed && (await this.#foldPart()));
    await sync();
    if (!this.#hasWritten && !this.#isClosed) await truncate();
  }

  async #foldFull(): Promise<void> {
    const { mustFold, sync } = this.#options;
    while (mustFold() && !this.#isClosed) {
      if (await this.#foldPart()) continue;
      await sync();
      if (!(await this.#foldPart())) return;
    }
  }

  /** Folds a part of the journal in a turn of its own; false if there is none. */
  async #foldPart(): Promise<boolean> {
    const { fold, sync, unsyncedBytes } = this.#options;
    if (unsyncedBytes() > syncedBytes) await sync();
    await nextTurn();
    return !this.#isClosed && (await fold());
  }
}
