/** A set of integers as merged half-open ranges. Operations at its end take O(1), look-ups elsewhere O(log n). */
export class Ranges {
  /**
   * The bounds start, end, start, end, … in strictly ascending order. The array is flat because the deletes of a large
   * document are tens of thousands of ranges.
   */
  #bounds: number[] = [];

  /** The number of ranges. */
  get count(): number {
    return this.#bounds.length / 2;
  }

  /** The end of the last range; 0 for an empty set. */
  get end(): number {
    return this.#bounds.at(-1) ?? 0;
  }

  /** The start of the range with this index; infinity past the last range. */
  startAt(index: number): number {
    return this.#bound(2 * index);
  }

  /** The end of the range with this index; infinity past the last range. */
  endAt(index: number): number {
    return this.#bound(2 * index + 1);
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const bounds = this.#bounds;
    const last = bounds.length - 2;
    if (last < 0 || start > this.#bound(last + 1)) bounds.push(start, end);
    else if (start >= this.#bound(last)) bounds[last + 1] = Math.max(end, this.#bound(last + 1));
    else this.#insert(start, end);
  }

  /** Adds all ranges of `other` in one pass over both sets; `add` would move the ranges behind for each of them. */
  addAll(other: Ranges): void {
    if (other.#bounds.length === 0) return;
    const held = this.#bounds;
    // The ranges in front of the first added one, and those behind the last, are copied at once.
    let index = this.#search(other.startAt(0) - 1);
    this.#bounds = held.slice(0, index);
    for (let next = 0; next < other.#bounds.length; next += 2) {
      const start = other.#bound(next);
      for (; index < held.length && boundOf(held, index) <= start; index += 2) {
        this.#append(boundOf(held, index), boundOf(held, index + 1));
      }
      this.#append(start, other.#bound(next + 1));
    }
    for (; index < held.length && boundOf(held, index) <= this.end; index += 2) {
      this.#append(boundOf(held, index), boundOf(held, index + 1));
    }
    if (index < held.length) this.#bounds = this.#bounds.concat(held.slice(index));
  }

  /** The end of the range that contains `value`; `value` itself when no range does. */
  reach(value: number): number {
    const index = this.#search(value);
    return this.#bound(index) <= value ? this.#bound(index + 1) : value;
  }

  /** The first integer from `value` on that is in the set; infinity when there is none. */
  next(value: number): number {
    return Math.max(value, this.#bound(this.#search(value)));
  }

  /** Visits the ranges in ascending order; faster than the iterator. */
  forEach(visit: (start: number, end: number) => void): void {
    for (let index = 0; index < this.#bounds.length; index += 2) visit(this.#bound(index), this.#bound(index + 1));
  }

  *[Symbol.iterator](): Generator<readonly [start: number, end: number]> {
    for (let index = 0; index < this.#bounds.length; index += 2) yield [this.#bound(index), this.#bound(index + 1)];
  }

  /** Adds a range that does not start before the last one. */
  #append(start: number, end: number): void {
    const bounds = this.#bounds;
    const last = bounds.length - 1;
    if (last < 0 || start > boundOf(bounds, last)) bounds.push(start, end);
    else if (end > boundOf(bounds, last)) bounds[last] = end;
  }

  /** Inserts a range that starts before the last one. It replaces every range that it overlaps or touches. */
  #insert(start: number, end: number): void {
    const from = this.#search(start - 1);
    const behind = this.#search(end);
    const to = this.#bound(behind) <= end ? behind + 2 : behind;
    if (from === to) this.#bounds.splice(from, 0, start, end);
    else this.#bounds.splice(from, to - from, Math.min(start, this.#bound(from)), Math.max(end, this.#bound(to - 1)));
  }

  /** The index of the first range that ends after `value`. */
  #search(value: number): number {
    const last = this.#bounds.length - 2;
    if (last < 0 || value >= this.#bound(last + 1)) return last + 2;
    if (value >= this.#bound(last)) return last;
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = ((low + high) >>> 2) * 2;
      if (this.#bound(middle + 1) > value) high = middle;
      else low = middle + 2;
    }
    return low;
  }

  /** The bound at this index; infinity past the last range. */
  #bound(index: number): number {
    return boundOf(this.#bounds, index);
  }
}

function boundOf(bounds: readonly number[], index: number): number {
  return bounds[index] ?? Number.POSITIVE_INFINITY;
}
