/**
 * A queue of items in groups. The groups take turns, and so do the items of one group: a group with many items gets no
 * more than one with few.
 */
export class FairQueue<Item> {
  /** In the order of their turns. */
  readonly #groups = new Map<object, Item[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(group: object, item: Item): void {
    this.#size += 1;
    const items = this.#groups.get(group);
    if (items === undefined) this.#groups.set(group, [item]);
    else items.push(item);
  }

  /** The item that `take` would return. */
  get first(): Item | undefined {
    for (const [item] of this.#groups.values()) return item;
    return undefined;
  }

  take(): Item | undefined {
    for (const [group, items] of this.#groups) {
      this.#groups.delete(group);
      const item = items.shift();
      if (items.length > 0) this.#groups.set(group, items);
      this.#size -= 1;
      return item;
    }
    return undefined;
  }
}
