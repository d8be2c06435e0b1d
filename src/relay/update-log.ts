import type { RowId, StoredUpdate } from "../storage/store.ts";

const smallestCapacity = 256;

/** Updates in the order of their commits, in one growing piece of memory: as a list each would cost 83 bytes more. */
export class UpdateLog {
  /** Never changed below `byteLength`, so that views of it stay what they are. */
  #bytes = new Uint8Array(0);
  #byteLength = 0;
  /** Where each update ends. */
  #ends: number[] = [];
  #rows: RowId[] = [];

  get count(): number {
    return this.#rows.length;
  }

  get byteLength(): number {
    return this.#byteLength;
  }

  append(update: Uint8Array, row: RowId): void {
    const end = this.#byteLength + update.byteLength;
    this.#reserve(end);
    this.#bytes.set(update, this.#byteLength);
    this.#byteLength = end;
    this.#ends.push(end);
    this.#rows.push(row);
  }

  /** The updates are views that later appends do not change. */
  *[Symbol.iterator](): Generator<StoredUpdate> {
    let start = 0;
    for (const [index, row] of this.#rows.entries()) {
      const end = this.#ends[index] ?? start;
      yield { row, update: this.#bytes.subarray(start, end) };
      start = end;
    }
  }

  dropFirst(count: number): void {
    const dropped = this.#ends[count - 1] ?? 0;
    this.#bytes = this.#bytes.slice(dropped, this.#byteLength);
    this.#byteLength -= dropped;
    this.#ends = this.#ends.slice(count).map((end) => end - dropped);
    this.#rows = this.#rows.slice(count);
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(smallestCapacity, capacity, 2 * this.#bytes.byteLength));
    grown.set(this.#bytes.subarray(0, this.#byteLength));
    this.#bytes = grown;
  }
}
