import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { RowId, StoredUpdate } from "../../storage/store.ts";
import type { PackedUpdates } from "../update/packed-updates.ts";

/** Updates and the ids of their rows. */
export interface PackedRows extends PackedUpdates {
  readonly rows: readonly RowId[];
}

/** A place between two updates of a log. */
export interface LogPlace {
  /** The number of updates before it. */
  readonly count: number;
  /** The bytes of those updates. */
  readonly bytes: number;
  /** The bytes of their entries. */
  readonly entryBytes: number;
}

export const logStart: LogPlace = { count: 0, bytes: 0, entryBytes: 0 };

const minCapacity = 256;
const growth = 1.5;

/**
 * Updates and their rows, in the order of their commits, in one buffer. In a list each update would take 83 bytes more,
 * and copying the list would create an object per update.
 */
export class UpdateLog {
  /** The updates, one after the other, in the first `#byteLength` bytes. */
  #bytes = new Uint8Array();
  /**
   * Per update: its length, and the difference of its row to the row before. Undefined while there is none: most
   * documents have no tail.
   */
  #entries: encoding.Encoder | undefined;
  /** The bytes of `#entries`; undefined when they have changed since. */
  #encodedEntries: Uint8Array | undefined;
  /** The row to which the first difference is added. */
  #rowBefore: RowId = 0;
  #lastRow: RowId = 0;
  #count = 0;
  #byteLength = 0;
  #moves = 0;

  get count(): number {
    return this.#count;
  }

  /** The size of the updates alone. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** How often an append has moved the updates to a larger buffer. */
  get moves(): number {
    return this.#moves;
  }

  append(update: Uint8Array, row: RowId): void {
    const end = this.#byteLength + update.byteLength;
    if (end > this.#bytes.byteLength) this.#grow(end);
    this.#bytes.set(update, this.#byteLength);
    this.#entries ??= encoding.createEncoder();
    this.#encodedEntries = undefined;
    encoding.writeVarUint(this.#entries, update.byteLength);
    encoding.writeVarInt(this.#entries, row - this.#lastRow);
    this.#byteLength = end;
    this.#lastRow = row;
    this.#count += 1;
  }

  rows(): RowId[] {
    const rows: RowId[] = [];
    this.#read(this.#count, (_, row) => rows.push(row));
    return rows;
  }

  /** The updates, copied: later appends do not change them. */
  toArray(): StoredUpdate[] {
    const bytes = this.#bytes.slice(0, this.#byteLength);
    const updates: StoredUpdate[] = [];
    let end = 0;
    this.#read(this.#count, (length, row) => {
      end += length;
      updates.push({ row, update: bytes.subarray(end - length, end) });
    });
    return updates;
  }

  /** Views of the updates after `from`, of about `maxBytes` together but at least one, and the place behind them. */
  read(from: LogPlace, maxBytes: number): { readonly updates: readonly Uint8Array[]; readonly place: LogPlace } {
    const updates: Uint8Array[] = [];
    if (this.#entries === undefined) return { updates, place: from };
    this.#encodedEntries ??= encoding.toUint8Array(this.#entries);
    const decoder = decoding.createDecoder(this.#encodedEntries);
    decoder.pos = from.entryBytes;
    let end = from.bytes;
    while (decoding.hasContent(decoder) && (updates.length === 0 || end - from.bytes < maxBytes)) {
      const length = decoding.readVarUint(decoder);
      decoding.readVarInt(decoder);
      end += length;
      updates.push(this.#bytes.subarray(end - length, end));
    }
    return { updates, place: { count: from.count + updates.length, bytes: end, entryBytes: decoder.pos } };
  }

  /** A view of the bytes of updates. */
  view(offset: number, byteLength: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + byteLength);
  }

  /** A copy of `first`, followed by all updates of the log. */
  pack(first: StoredUpdate | undefined): PackedRows {
    const firstBytes = first?.update.byteLength ?? 0;
    const bytes = new Uint8Array(firstBytes + this.#byteLength);
    if (first !== undefined) bytes.set(first.update);
    bytes.set(this.#bytes.subarray(0, this.#byteLength), firstBytes);
    const rows = first === undefined ? [] : [first.row];
    const lengths = new Uint32Array(rows.length + this.#count);
    lengths.fill(firstBytes, 0, rows.length);
    this.#read(this.#count, (length, row) => {
      lengths[rows.length] = length;
      rows.push(row);
    });
    return { bytes, lengths, rows };
  }

  dropFirst(count: number): void {
    if (count === 0) return;
    let droppedBytes = 0;
    const rest = this.#read(count, (length, row) => {
      droppedBytes += length;
      this.#rowBefore = row;
    });
    this.#count -= count;
    this.#bytes = this.#bytes.slice(droppedBytes, this.#byteLength);
    this.#byteLength -= droppedBytes;
    this.#entries = undefined;
    this.#encodedEntries = undefined;
    if (this.#count === 0) return;
    this.#entries = encoding.createEncoder();
    encoding.writeUint8Array(this.#entries, rest);
  }

  /** Visits the first `count` entries, and returns the remaining ones in encoded form. */
  #read(count: number, visit: (length: number, row: RowId) => void): Uint8Array {
    if (this.#entries === undefined) return this.#bytes;
    const decoder = decoding.createDecoder(encoding.toUint8Array(this.#entries));
    let row = this.#rowBefore;
    for (let left = count; left > 0; left -= 1) {
      const length = decoding.readVarUint(decoder);
      row += decoding.readVarInt(decoder);
      visit(length, row);
    }
    return decoder.arr.subarray(decoder.pos);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, Math.ceil(this.#bytes.byteLength * growth), minCapacity));
    grown.set(this.#bytes.subarray(0, this.#byteLength));
    this.#bytes = grown;
    this.#moves += 1;
  }
}
