import { type RowId, StoreError } from "../../store.ts";

/** One row of the table `journal`. */
export interface JournalRecord {
  /** The row id of the record's first update. The others have the next ids. */
  readonly id: RowId;
  readonly data: Uint8Array;
}

/**
 * The layout of version 2: this byte, the CRC-32 of everything after it (4 bytes), the time of the append in epoch
 * milliseconds (6 bytes), then for each update the number of its document, the number of its user, its length in bytes,
 * and its bytes. The number of a user is 0 if the user is unknown; users are numbered from 1 in the order in which they
 * first occur, and their first number is followed by the length of their id in bytes, and the id in UTF-8.
 *
 * The numbers of an update are LEB128; all numbers have the least significant byte first. Version 1, of the release 0.1.0,
 * has no time and no users.
 */
const version = 2;
const checksumEnd = 5;
const headerBytes = 11;
const timeRange = 2 ** 32;

/** The most bytes of a number: it is below 2⁵³. */
const numberBytes = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes the updates of one append as a record of the journal. */
export class RecordEncoder {
  #bytes = new Uint8Array(4_096);
  #end = headerBytes;
  readonly #users: string[] = [];

  add(document: number, update: Uint8Array, user: string | undefined): void {
    const number = user === undefined ? 0 : this.#numberOf(user);
    const id = user !== undefined && number > this.#users.length ? encoder.encode(user) : undefined;
    this.#reserve(4 * numberBytes + (id?.byteLength ?? 0) + update.byteLength);
    this.#number(document);
    this.#number(number);
    if (user !== undefined && id !== undefined) {
      this.#users.push(user);
      this.#append(id);
    }
    this.#append(update);
  }

  /** Returns the data of the record with the updates added since the last call, which were appended at `at`. */
  finish(at: number): Uint8Array {
    const data = this.#bytes.slice(0, this.#end);
    const view = new DataView(data.buffer);
    view.setUint32(checksumEnd, at % timeRange, true);
    view.setUint16(checksumEnd + 4, Math.floor(at / timeRange), true);
    view.setUint8(0, version);
    view.setUint32(1, checksumOf(data), true);
    this.#end = headerBytes;
    this.#users.length = 0;
    return data;
  }

  /** The number of a user, new or not. */
  #numberOf(user: string): number {
    const index = this.#users.indexOf(user);
    return index === -1 ? this.#users.length + 1 : index + 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#bytes.byteLength) return;
    const larger = new Uint8Array(2 * needed);
    larger.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = larger;
  }

  /** Appends the length of `bytes`, and the bytes. */
  #append(bytes: Uint8Array): void {
    this.#number(bytes.byteLength);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.byteLength;
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
 * Everything but what a `RecordEncoder` of this or an earlier release returns is refused with `StoreError` (corrupt), by
 * the constructor or by `next`.
 */
export class RecordReader {
  /** The row id of the present update. */
  row: RowId;
  /** The number of its document. */
  document = 0;
  /** The id of its user; undefined if unknown. */
  user: string | undefined;
  /** The time of the append, in epoch milliseconds; undefined in records of version 1. */
  readonly at: number | undefined;
  readonly #id: RowId;
  readonly #data: Uint8Array;
  readonly #users: string[] = [];
  #start: number;
  #end: number;

  constructor({ id, data }: JournalRecord) {
    this.#id = id;
    this.#data = data;
    this.row = id - 1;
    this.at = data[0] === version && data.byteLength >= headerBytes ? timeOf(data) : undefined;
    this.#start = data[0] === version ? headerBytes : checksumEnd;
    this.#end = this.#start;
    if (data.byteLength <= this.#start) throw this.#damaged("it is too short");
    if (data[0] !== version && data[0] !== 1) throw this.#damaged(`its version is ${data[0]}`);
    if (viewOf(data).getUint32(1, true) !== checksumOf(data)) throw this.#damaged("its checksum does not match");
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
    this.user = this.at === undefined ? undefined : this.#readUser();
    this.#takeBytes("an update");
    this.row += 1;
    return true;
  }

  #readUser(): string | undefined {
    const number = this.#number();
    if (number === 0) return undefined;
    if (number <= this.#users.length) return this.#users[number - 1];
    if (number > this.#users.length + 1) throw this.#damaged("a user is unknown");
    this.#takeBytes("a user");
    const user = decoder.decode(this.update);
    this.#users.push(user);
    this.#start = this.#end;
    return user;
  }

  /** Reads the length of `what`, and sets `update` to its bytes. */
  #takeBytes(what: string): void {
    const length = this.#number();
    this.#end = this.#start + length;
    if (this.#end > this.#data.byteLength) throw this.#damaged(`${what} is cut off`);
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

function timeOf(data: Uint8Array): number {
  const view = viewOf(data);
  return view.getUint32(checksumEnd, true) + timeRange * view.getUint16(checksumEnd + 4, true);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function checksumOf(data: Uint8Array): number {
  return Bun.hash.crc32(data.subarray(checksumEnd));
}
