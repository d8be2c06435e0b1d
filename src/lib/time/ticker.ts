import type { Clock } from "./clock.ts";

export interface TickerOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
}

/** An object with periodic work, which takes some microseconds each time. */
export interface Ticking {
  tick(): void;
}

/** The timer runs so often in an interval, each time for a part of the objects: their work is not done all at once. */
const partCount = 10;

/**
 * Calls many objects once per interval, with one timer for all of them, which runs while there are objects. The first
 * call of an object follows within an interval.
 */
export class Ticker {
  readonly #options: TickerOptions;
  readonly #parts: readonly Set<Ticking>[] = Array.from({ length: partCount }, () => new Set<Ticking>());
  /** The index of the part that was called last, and of the part that was added to last. */
  #called = partCount - 1;
  #filled = 0;
  #size = 0;
  #cancel: (() => void) | undefined;

  constructor(options: TickerOptions) {
    this.#options = options;
  }

  /** The object must not be there yet. */
  add(ticking: Ticking): void {
    // Alone, it is called after a whole interval.
    this.#filled = this.#size === 0 ? this.#called : (this.#filled + 1) % partCount;
    this.#parts[this.#filled]?.add(ticking);
    this.#size += 1;
    if (this.#cancel === undefined) this.#wait();
  }

  /** Idempotent. */
  delete(ticking: Ticking): void {
    if (!this.#parts.some((part) => part.delete(ticking))) return;
    this.#size -= 1;
    if (this.#size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #wait(): void {
    const { clock, intervalMs } = this.#options;
    this.#cancel = clock.after(intervalMs / partCount, () => {
      this.#wait();
      this.#called = (this.#called + 1) % partCount;
      for (const ticking of this.#parts[this.#called] ?? []) ticking.tick();
    });
  }
}
