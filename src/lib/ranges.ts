/** The bounds of a chunk at most: adding a range moves only those behind it in its chunk. */
const maxChunkBounds = 1_024;
/** A set is merged into one of up to this many times its ranges, in one pass; into a larger one range by range. */
const maxPassRatio = 16;

/**
 * A set of integers as merged half-open ranges. Operations at its end take O(1); elsewhere, look-ups take O(log n), and
 * adding a range takes a bounded time beyond that.
 */
export class Ranges {
  /**
   * The last chunk: bounds start, end, start, end, … in strictly ascending order. It is flat because the deletes of a
   * large document are tens of thousands of ranges. Only in an empty set it is empty.
   */
  #last: number[] = [];
  /** The chunks before the last one, in order, none of them empty. Undefined while there is none, as in most sets. */
  #chunks: number[][] | undefined;
  /** The number of bounds in `#chunks`. */
  #chunkBounds = 0;

  /** The number of ranges. */
  get count(): number {
    return (this.#chunkBounds + this.#last.length) / 2;
  }

  /** The end of the last range; 0 for an empty set. */
  get end(): number {
    return this.#last.at(-1) ?? 0;
  }

  add(start: number, end: number): void {
    if (start >= end) return;
    const bounds = this.#last;
    const last = bounds.length - 2;
    if (last < 0 || start > boundOf(bounds, last + 1)) this.#append(start, end);
    else if (start >= boundOf(bounds, last)) bounds[last + 1] = Math.max(end, boundOf(bounds, last + 1));
    else this.#insert(start, end);
  }

  /** Adds all ranges of `other`, as fast as possible for sets of these sizes. */
  addAll(other: Ranges): void {
    if (other.count * maxPassRatio > this.count && other.next(0) <= this.end) this.#merge(other);
    else {
      other.forEach((start, end) => {
        this.add(start, end);
      });
    }
  }

  /** The end of the range that contains `value`; `value` itself when no range does. */
  reach(value: number): number {
    const bounds = this.#chunkFor(value);
    const index = indexIn(bounds, value);
    return boundOf(bounds, index) <= value ? boundOf(bounds, index + 1) : value;
  }

  /** The first integer from `value` on that is in the set; infinity when there is none. */
  next(value: number): number {
    const bounds = this.#chunkFor(value);
    return Math.max(value, boundOf(bounds, indexIn(bounds, value)));
  }

  /** Visits the ranges in ascending order; faster than the iterator. */
  forEach(visit: (start: number, end: number) => void): void {
    this.every((start, end) => {
      visit(start, end);
      return true;
    });
  }

  /** Visits the ranges in ascending order until `test` returns false. Returns whether it returned true for all. */
  every(test: (start: number, end: number) => boolean): boolean {
    const chunks = this.#chunks ?? [];
    for (let chunk = 0; chunk <= chunks.length; chunk += 1) {
      const bounds = chunks[chunk] ?? this.#last;
      for (let index = 0; index < bounds.length; index += 2) {
        if (!test(boundOf(bounds, index), boundOf(bounds, index + 1))) return false;
      }
    }
    return true;
  }

  *[Symbol.iterator](): Generator<readonly [start: number, end: number]> {
    for (const bounds of [...(this.#chunks ?? []), this.#last]) {
      for (let index = 0; index < bounds.length; index += 2) {
        yield [boundOf(bounds, index), boundOf(bounds, index + 1)];
      }
    }
  }

  /** Adds a range behind the last one. */
  #append(start: number, end: number): void {
    if (this.#last.length < maxChunkBounds) {
      this.#last.push(start, end);
      return;
    }
    this.#chunks ??= [];
    this.#chunks.push(this.#last);
    this.#chunkBounds += this.#last.length;
    this.#last = [start, end];
  }

  /** Adds all ranges of `other` in one pass over both sets. */
  #merge(other: Ranges): void {
    const held = this.#bounds();
    const added = other.#bounds();
    this.#setChunks([]);
    let index = 0;
    for (let next = 0; next < added.length; next += 2) {
      const start = boundOf(added, next);
      for (; index < held.length && boundOf(held, index) <= start; index += 2) {
        this.add(boundOf(held, index), boundOf(held, index + 1));
      }
      this.add(start, boundOf(added, next + 1));
    }
    for (; index < held.length; index += 2) this.add(boundOf(held, index), boundOf(held, index + 1));
  }

  /** All bounds. They are not to be changed. */
  #bounds(): readonly number[] {
    return this.#chunks === undefined ? this.#last : [...this.#chunks, this.#last].flat();
  }

  /** Inserts a range that starts before the last one. It replaces every range that it overlaps or touches. */
  #insert(start: number, end: number): void {
    const first = this.#chunkIndex(start - 1);
    const last = this.#chunkIndex(end);
    if (first < last) {
      const bounds = this.#allChunks()
        .slice(first, last + 1)
        .flat();
      insertIn(bounds, start, end);
      this.#replaceChunks(first, last, bounds);
      return;
    }
    const bounds = this.#chunkAt(first);
    const lengthBefore = bounds.length;
    insertIn(bounds, start, end);
    if (bounds.length > maxChunkBounds) this.#replaceChunks(first, first, bounds);
    else if (bounds !== this.#last) this.#chunkBounds += bounds.length - lengthBefore;
  }

  /** Puts bounds in the place of these chunks, in chunks that have space for more. */
  #replaceChunks(first: number, last: number, bounds: readonly number[]): void {
    const chunks = this.#allChunks();
    chunks.splice(first, last + 1 - first, ...halves(bounds));
    this.#setChunks(chunks);
  }

  #allChunks(): number[][] {
    return this.#chunks === undefined ? [this.#last] : [...this.#chunks, this.#last];
  }

  #setChunks(chunks: number[][]): void {
    this.#last = chunks.pop() ?? [];
    this.#chunks = chunks.length > 0 ? chunks : undefined;
    this.#chunkBounds = chunks.reduce((sum, { length }) => sum + length, 0);
  }

  #chunkAt(index: number): number[] {
    return this.#chunks?.[index] ?? this.#last;
  }

  #chunkFor(value: number): readonly number[] {
    return this.#chunks === undefined ? this.#last : this.#chunkAt(this.#chunkIndex(value));
  }

  /** The index of the first chunk whose last range ends after `value`; that of the last chunk when there is none. */
  #chunkIndex(value: number): number {
    const chunks = this.#chunks ?? [];
    if (boundOf(this.#last, 0) <= value) return chunks.length;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const bounds = this.#chunkAt(middle);
      if (boundOf(bounds, bounds.length - 1) > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The index in `bounds` of the first range that ends after `value`. */
function indexIn(bounds: readonly number[], value: number): number {
  const last = bounds.length - 2;
  if (last < 0 || value >= boundOf(bounds, last + 1)) return last + 2;
  if (value >= boundOf(bounds, last)) return last;
  let low = 0;
  let high = last;
  while (low < high) {
    const middle = ((low + high) >>> 2) * 2;
    if (boundOf(bounds, middle + 1) > value) high = middle;
    else low = middle + 2;
  }
  return low;
}

/** Adds a range to bounds. It replaces every range that it overlaps or touches. */
function insertIn(bounds: number[], start: number, end: number): void {
  const from = indexIn(bounds, start - 1);
  const behind = indexIn(bounds, end);
  const to = boundOf(bounds, behind) <= end ? behind + 2 : behind;
  if (from === to) bounds.splice(from, 0, start, end);
  else bounds.splice(from, to - from, Math.min(start, boundOf(bounds, from)), Math.max(end, boundOf(bounds, to - 1)));
}

/** Bounds in chunks that are at most half full. */
function halves(bounds: readonly number[]): number[][] {
  const chunks: number[][] = [];
  for (let from = 0; from < bounds.length; from += maxChunkBounds / 2) {
    chunks.push(bounds.slice(from, from + maxChunkBounds / 2));
  }
  return chunks;
}

/** The bound at this index; infinity past the last range. */
function boundOf(bounds: readonly number[], index: number): number {
  return bounds[index] ?? Number.POSITIVE_INFINITY;
}
