/** A set in the order of insertion that has no table while it has at most one item; see `SmallMap`. */
export class SmallSet<Item extends object> {
  #item: Item | undefined;
  /** All items, from the second one on until the set is empty. */
  #table: Set<Item> | undefined;

  get size(): number {
    return this.#table?.size ?? (this.#item === undefined ? 0 : 1);
  }

  add(item: Item): void {
    if (this.#table !== undefined) {
      this.#table.add(item);
    } else if (this.#item === undefined || this.#item === item) {
      this.#item = item;
    } else {
      this.#table = new Set([this.#item, item]);
      this.#item = undefined;
    }
  }

  /** Returns whether the item was in the set. */
  delete(item: Item): boolean {
    if (this.#table === undefined) {
      if (this.#item !== item) return false;
      this.#item = undefined;
      return true;
    }
    const isDeleted = this.#table.delete(item);
    if (this.#table.size === 0) this.#table = undefined;
    return isDeleted;
  }

  [Symbol.iterator](): Iterator<Item> {
    if (this.#table !== undefined) return this.#table.values();
    return (this.#item === undefined ? [] : [this.#item]).values();
  }
}
