import type { Clock } from "../../lib/time/clock.ts";

/** An allowance of work, in microseconds. */
export interface Allowance {
  /** May be used at once. */
  readonly burst: number;
  /** Becomes free again in each second. */
  readonly perSecond: number;
}

/** The work that was recently done, less what has become free since. It is counted beyond the allowance as well. */
export class Usage {
  readonly #allowance: Allowance;
  readonly #clock: Clock;
  #used = 0;
  /** When `#used` was last reduced. */
  #reducedAt: number;

  constructor(allowance: Allowance, clock: Clock) {
    this.#allowance = allowance;
    this.#clock = clock;
    this.#reducedAt = clock.elapsedMs();
  }

  /** Does not read the clock: it is called for each frame. */
  add(microseconds: number): void {
    this.#used += microseconds;
  }

  get isExceeded(): boolean {
    if (this.#used <= this.#allowance.burst) return false;
    const now = this.#clock.elapsedMs();
    const freed = ((now - this.#reducedAt) * this.#allowance.perSecond) / 1_000;
    this.#used = Math.max(0, this.#used - freed);
    this.#reducedAt = now;
    return this.#used > this.#allowance.burst;
  }
}
