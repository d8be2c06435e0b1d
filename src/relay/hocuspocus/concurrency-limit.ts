import { Semaphore } from "../../lib/semaphore.ts";
import { type WatermarkListener, Watermarks } from "../../lib/watermarks.ts";

export interface ConcurrencyLimitOptions extends WatermarkListener {
  /** The highest number of calls at a time. `filled` is called when so many run, `cleared` when a further one may. */
  readonly max: number;
}

/** Runs at most `max` calls at a time. Further calls wait in order, and their source is told to wait too. */
export class ConcurrencyLimit {
  readonly #semaphore: Semaphore;
  /** The calls that run or wait. */
  readonly #calls: Watermarks;

  constructor(options: ConcurrencyLimitOptions) {
    const { max } = options;
    this.#semaphore = new Semaphore(max);
    this.#calls = new Watermarks(max - 1, max - 1, options);
  }

  /**
   * Calls `run` when its turn has come and settles as it does; rejects without calling it if the signal aborts first.
   */
  async take<R>(signal: AbortSignal, run: () => Promise<R>): Promise<R> {
    this.#calls.raise(1);
    try {
      await this.#semaphore.acquire(signal);
      try {
        return await run();
      } finally {
        this.#semaphore.release();
      }
    } finally {
      this.#calls.lower(1);
    }
  }
}
