/**
 * A map in the order of insertion, as `Map`, that has no table while it has at most one entry. The table of a `Map` takes
 * 260 bytes from its first entry on, and a server has many rooms with one member each.
 *
 * Keys are compared by `===`. Entries that are added or deleted while the map is iterated may or may not be visited.
 */
export class SmallMap<Key extends object | string, Value> {
  #key: Key | undefined;
  #value: Value | undefined;
  /** All entries, from the second one on until the map is empty. */
  #table: Map<Key, Value> | undefined;

  get size(): number {
    return this.#table?.size ?? (this.#key === undefined ? 0 : 1);
  }

  has(key: Key): boolean {
    return this.#table === undefined ? this.#key === key : this.#table.has(key);
  }

  get(key: Key): Value | undefined {
    if (this.#table !== undefined) return this.#table.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: Key, value: Value): void {
    if (this.#table !== undefined) {
      this.#table.set(key, value);
    } else if (this.#key === undefined || this.#key === key) {
      this.#key = key;
      this.#value = value;
    } else {
      this.#table = new Map(this).set(key, value);
      this.#forgetFirst();
    }
  }

  /** Returns whether there was an entry. */
  delete(key: Key): boolean {
    if (this.#table === undefined) {
      if (this.#key !== key) return false;
      this.#forgetFirst();
      return true;
    }
    const isDeleted = this.#table.delete(key);
    if (this.#table.size === 0) this.#table = undefined;
    return isDeleted;
  }

  clear(): void {
    this.#table = undefined;
    this.#forgetFirst();
  }

  keys(): Iterable<Key> {
    return this.#table?.keys() ?? (this.#key === undefined ? [] : [this.#key]);
  }

  [Symbol.iterator](): Iterator<[Key, Value]> {
    if (this.#table !== undefined) return this.#table.entries();
    return (this.#key === undefined ? [] : [[this.#key, this.#value] as [Key, Value]]).values();
  }

  #forgetFirst(): void {
    this.#key = undefined;
    this.#value = undefined;
  }
}
