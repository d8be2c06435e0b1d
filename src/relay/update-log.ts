import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { RowId, StoredUpdate } from "../storage/store.ts";

/** Updates and their rows in the order of their commits, in one piece: as a list each would cost 83 bytes more. */
export class UpdateLog {
  /** Per update its length, its row less the row before, its bytes. */
  #entries = encoding.createEncoder();
  #lastRow: RowId = 0;
  #count = 0;
  #byteLength = 0;

  get count(): number {
    return this.#count;
  }

  /** Of the updates alone. */
  get byteLength(): number {
    return this.#byteLength;
  }

  append(update: Uint8Array, row: RowId): void {
    encoding.writeVarUint(this.#entries, update.byteLength);
    encoding.writeVarInt(this.#entries, row - this.#lastRow);
    encoding.writeUint8Array(this.#entries, update);
    this.#lastRow = row;
    this.#count += 1;
    this.#byteLength += update.byteLength;
  }

  /** A copy: later appends do not change it. */
  toArray(): StoredUpdate[] {
    const decoder = decoding.createDecoder(encoding.toUint8Array(this.#entries));
    const updates: StoredUpdate[] = [];
    let row = 0;
    while (decoding.hasContent(decoder)) {
      const length = decoding.readVarUint(decoder);
      row += decoding.readVarInt(decoder);
      updates.push({ row, update: decoding.readUint8Array(decoder, length) });
    }
    return updates;
  }

  dropFirst(count: number): void {
    const rest = this.toArray().slice(count);
    this.#entries = encoding.createEncoder();
    this.#lastRow = 0;
    this.#count = 0;
    this.#byteLength = 0;
    for (const { update, row } of rest) this.append(update, row);
  }
}
