import type { Clock } from "./time/clock.ts";

interface CacheEntry<V> {
  readonly value: V;
  readonly setAt: number;
  readonly lifeMs: number;
}

/** A cache of at most `limit` values, each kept for its own `lifeMs`. The oldest value is evicted first. */
export class ExpiringCache<V> {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #entries = new Map<string, CacheEntry<V>>();

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** The number of values. Expired ones may be included until the next `set`. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || this.#isOver(entry, this.#clock.elapsedMs())) return undefined;
    return entry.value;
  }

  set(key: string, value: V, lifeMs: number): void {
    const now = this.#clock.elapsedMs();
    this.#entries.delete(key);
    this.#entries.set(key, { value, setAt: now, lifeMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#limit && !this.#isOver(entry, now)) break;
      this.#entries.delete(oldest);
    }
  }

  #isOver({ setAt, lifeMs }: CacheEntry<V>, now: number): boolean {
    return now - setAt >= lifeMs;
  }
}
