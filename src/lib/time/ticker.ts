import type { Pulse } from "./pulse.ts";

export interface TickerOptions {
  /** A multiple of the interval of the pulse. */
  readonly intervalMs: number;
  readonly pulse: Pulse;
}

/** An object with periodic work, which takes some microseconds each time. */
export interface Ticking {
  tick(): void;
}

/**
 * Calls many objects once per interval, a part of them in each beat of the pulse: their work is not done all at once. The
 * first call of an object follows within an interval.
 */
export class Ticker {
  readonly #options: TickerOptions;
  /** One for each beat in an interval. */
  readonly #parts: readonly Set<Ticking>[];
  /** The index of the part that was called last, and of the part that was added to last. */
  #called: number;
  #filled = 0;
  #size = 0;
  #cancel: (() => void) | undefined;

  constructor(options: TickerOptions) {
    this.#options = options;
    const length = options.intervalMs / options.pulse.intervalMs;
    this.#parts = Array.from({ length }, () => new Set<Ticking>());
    this.#called = length - 1;
  }

  /** The object must not be there yet. */
  add(ticking: Ticking): void {
    // Alone, it is called after a whole interval.
    this.#filled = this.#size === 0 ? this.#called : (this.#filled + 1) % this.#parts.length;
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
    this.#cancel = this.#options.pulse.next(() => {
      this.#wait();
      this.#called = (this.#called + 1) % this.#parts.length;
      for (const ticking of this.#parts[this.#called] ?? []) ticking.tick();
    });
  }
}
