import type { Clock } from "./time/clock.ts";

interface Entry<V> {
  readonly value: V;
  readonly setAt: number;
  readonly lifeMs: number;
}

/** Remembers each value for its time, and so many at most: the oldest goes first. */
export class ExpiringCache<V> {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<V>>();

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** What is over may be counted until something is set. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#isOver(entry, this.#clock.now())) return undefined;
    return entry.value;
  }

  set(key: string, value: V, lifeMs: number): void {
    const now = this.#clock.now();
    this.#entries.delete(key);
    this.#entries.set(key, { value, setAt: now, lifeMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#limit && !this.#isOver(entry, now)) break;
      this.#entries.delete(oldest);
    }
  }

  /** A clock that is set back ends everybody's time. */
  #isOver({ setAt, lifeMs }: Entry<V>, now: number): boolean {
    return now < setAt || now - setAt >= lifeMs;
  }
}
