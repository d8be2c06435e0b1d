import { Semaphore } from "../../lib/semaphore.ts";
import { type WatermarkListener, Watermarks } from "../../lib/watermarks.ts";

export interface ConcurrencyLimitOptions extends WatermarkListener {
  /** How many calls run at once. `filled` is called when all of these run, `cleared` when a further one may. */
  readonly most: number;
}

/** Runs at most so many calls at once. Further calls wait in order, and their source is told to wait too. */
export class ConcurrencyLimit {
  readonly #semaphore: Semaphore;
  /** The calls that run or wait. */
  readonly #calls: Watermarks;

  constructor(options: ConcurrencyLimitOptions) {
    const { most } = options;
    this.#semaphore = new Semaphore(most);
    this.#calls = new Watermarks(most - 1, most - 1, options);
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
