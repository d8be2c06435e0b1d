import { Semaphore } from "../../lib/semaphore.ts";

export interface ConcurrencyLimitOptions {
  /** How many there are at once. */
  readonly most: number;
  /** All are taken: nobody else should be brought to wait for one. */
  readonly filled: () => void;
  readonly cleared: () => void;
}

/** Whoever comes when all turns are taken waits, in the order of coming, and the source of more is told to wait too. */
export class ConcurrencyLimit {
  readonly #options: ConcurrencyLimitOptions;
  readonly #semaphore: Semaphore;
  /** Those that have a turn, or wait for one. */
  #count = 0;

  constructor(options: ConcurrencyLimitOptions) {
    this.#options = options;
    this.#semaphore = new Semaphore(options.most);
  }

  /** Resolves when `run` has done with its turn; rejects without it when the signal aborts before. */
  async take<R>(signal: AbortSignal, run: () => Promise<R>): Promise<R> {
    const { most, filled, cleared } = this.#options;
    this.#count += 1;
    if (this.#count === most) filled();
    try {
      await this.#semaphore.acquire(signal);
      try {
        return await run();
      } finally {
        this.#semaphore.release();
      }
    } finally {
      this.#count -= 1;
      if (this.#count === most - 1) cleared();
    }
  }
}
