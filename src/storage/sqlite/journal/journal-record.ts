import { type RowId, StoreError } from "../../store.ts";

/** One row of the table `journal`. */
export interface JournalRecord {
  /** The row id of the record's first update. The others have the next ids. */
  readonly id: RowId;
  readonly data: Uint8Array;
}

/**
 * The version of the layout: this byte, the CRC-32 of everything after it (4 bytes, little-endian), then for each update
 * the number of its document, its length in bytes, and its bytes. Numbers are LEB128, the least significant byte first.
 */
const version = 1;
const headerBytes = 5;

/** The most bytes of a number: it is below 2⁵³. */
const numberBytes = 8;

/** Encodes the updates of one append as a record of the journal. */
export class RecordEncoder {
  #bytes = new Uint8Array(4_096);
  #end = headerBytes;

  add(document: number, update: Uint8Array): void {
    const needed = this.#end + 2 * numberBytes + update.byteLength;
    if (needed > this.#bytes.byteLength) {
      const larger = new Uint8Array(2 * needed);
      larger.set(this.#bytes.subarray(0, this.#end));
      this.#bytes = larger;
    }
    this.#number(document);
    this.#number(update.byteLength);
    this.#bytes.set(update, this.#end);
    this.#end += update.byteLength;
  }

  /** Returns the data of the record with the updates added since the last call. */
  finish(): Uint8Array {
    const data = this.#bytes.slice(0, this.#end);
    const checksum = checksumOf(data);
    data[0] = version;
    for (let index = 1; index < headerBytes; index += 1) data[index] = checksum >>> (8 * (index - 1));
    this.#end = headerBytes;
    return data;
  }

  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#end++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#end++] = rest;
  }
}

/**
 * Reads the updates of a record, one after the other.
 *
 * Everything but what a `RecordEncoder` returns is refused with `StoreError` (corrupt), by the constructor or by `next`.
 */
export class RecordReader {
  /** The row id of the present update. */
  row: RowId;
  /** The number of its document. */
  document = 0;
  readonly #id: RowId;
  readonly #data: Uint8Array;
  #start = headerBytes;
  #end = headerBytes;

  constructor({ id, data }: JournalRecord) {
    this.#id = id;
    this.#data = data;
    this.row = id - 1;
    if (data.byteLength <= headerBytes) throw this.#damaged("it is too short");
    if (data[0] !== version) throw this.#damaged(`its version is ${data[0]}`);
    if (storedChecksum(data) !== checksumOf(data)) throw this.#damaged("its checksum does not match");
  }

  /** The bytes of the present update, a view of the record. */
  get update(): Uint8Array {
    return this.#data.subarray(this.#start, this.#end);
  }

  get bytes(): number {
    return this.#end - this.#start;
  }

  /** Goes on to the next update; false after the last one. */
  next(): boolean {
    if (this.#end === this.#data.byteLength) return false;
    this.#start = this.#end;
    this.document = this.#number();
    const length = this.#number();
    this.#end = this.#start + length;
    if (this.#end > this.#data.byteLength) throw this.#damaged("an update is cut off");
    this.row += 1;
    return true;
  }

  #number(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < numberBytes; count += 1) {
      const byte = this.#data[this.#start];
      if (byte === undefined) throw this.#damaged("a number is cut off");
      this.#start += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
    throw this.#damaged("a number is too large");
  }

  #damaged(reason: string): StoreError {
    return new StoreError("corrupt", `Record ${this.#id} of the journal is damaged: ${reason}.`);
  }
}

function storedChecksum({ buffer, byteOffset }: Uint8Array): number {
  return new DataView(buffer, byteOffset, headerBytes).getUint32(1, true);
}

function checksumOf(data: Uint8Array): number {
  return Bun.hash.crc32(data.subarray(headerBytes));
}
