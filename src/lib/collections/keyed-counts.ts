/** A count for each key. Keys whose count is 0 take no memory. */
export class KeyedCounts {
  readonly #counts = new Map<string, number>();

  /** The number of keys with a count. */
  get size(): number {
    return this.#counts.size;
  }

  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Adds to the count of a key; a negative number is taken off. */
  add(key: string, count: number): void {
    const sum = this.of(key) + count;
    if (sum === 0) this.#counts.delete(key);
    else this.#counts.set(key, sum);
  }
}
