import * as binary from "lib0/binary";
import { IdSet } from "../id-set.ts";
import type { UpdateContents } from "../update-contents.ts";
import { utf16Length } from "./utf-8.ts";

/** A longer update is rare, and its text costs more than the objects that are saved. */
const maxUpdateBytes = 1024;
/** yjs/src/structs/Item.js, `contentRefs`. */
const stringRef = 4;
/** Seven bytes hold 49 bits, so the number is a safe integer. */
const maxClientBytes = 7;
/** Clocks and lengths have up to 28 bits here, so the sum of two is an integer of 32 bits. */
const maxShift = 28;
const noBytes = new Uint8Array();

/**
 * An update of the commonest shape, as one keystroke makes it, read in place and without building objects.
 *
 * One record is made once and reads update after update. Its offsets are offsets in the array that was read. After
 * `read` has returned false its fields have no meaning.
 */
export class FastUpdate {
  /** The offsets of the update. */
  start = 0;
  end = 0;
  /** The client of the only struct; -1 when the update has no struct. */
  client = -1;
  /** The struct's clocks are [clock, endClock). */
  clock = 0;
  endClock = 0;
  /** The id of the struct's origin: -1 and 0 when it has none. */
  originClient = -1;
  originClock = 0;
  /** The id of the struct's right origin: -1 and 0 when it has none. */
  rightClient = -1;
  rightClock = 0;
  /** The offset of the struct, which begins with its info byte. */
  structOffset = 0;
  /** The offset of the number that tells the length of the struct's text. */
  lengthOffset = 0;
  /** The offsets of the struct's text. The struct ends with it. */
  textOffset = 0;
  textEndOffset = 0;
  /** The client of the only deleted range; -1 when the update deletes nothing. */
  deletedClient = -1;
  /** The deleted clocks are [deletedClock, deletedEndClock). */
  deletedClock = 0;
  deletedEndClock = 0;
  #bytes: Uint8Array = noBytes;
  #position = 0;
  /** Whether all numbers read so far are written as lib0 writes them, and are not too large. */
  #isCanonical = true;

  /**
   * Reads the update (V1) at [start, end) of `bytes` when it has one struct, which is a text without a map key, or one
   * deleted range, or both, and nothing else.
   *
   * `decodeContents` accepts everything that is accepted here, and reads the same. False for anything else, malformed
   * updates included: the caller then leaves the decision to `decodeContents`. Nothing is compared with a document.
   */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > maxUpdateBytes || end > bytes.byteLength) return false;
    this.#bytes = bytes;
    this.#position = start;
    this.#isCanonical = true;
    this.start = start;
    this.end = end;
    return this.#readStructs() && this.#readDeletes() && this.#isCanonical && this.#position === end;
  }

  /** The contents as `decodeContents` returns them. */
  contents(): UpdateContents {
    const structs = new IdSet();
    const deletes = new IdSet();
    if (this.client >= 0) structs.add(this.client, this.clock, this.endClock);
    if (this.deletedClient >= 0) deletes.add(this.deletedClient, this.deletedClock, this.deletedEndClock);
    const structBytes = this.client >= 0 ? this.textEndOffset - this.start : 1;
    return { kind: "contents", structs, deletes, structBytes, isEmpty: false };
  }

  /** Takes over the findings of `other`. */
  copy(other: FastUpdate): void {
    this.start = other.start;
    this.end = other.end;
    this.client = other.client;
    this.clock = other.clock;
    this.endClock = other.endClock;
    this.originClient = other.originClient;
    this.originClock = other.originClock;
    this.rightClient = other.rightClient;
    this.rightClock = other.rightClock;
    this.structOffset = other.structOffset;
    this.lengthOffset = other.lengthOffset;
    this.textOffset = other.textOffset;
    this.textEndOffset = other.textEndOffset;
    this.deletedClient = other.deletedClient;
    this.deletedClock = other.deletedClock;
    this.deletedEndClock = other.deletedEndClock;
  }

  #readStructs(): boolean {
    const sections = this.#readByte();
    this.client = -1;
    if (sections === 0) return true;
    if (sections !== 1 || this.#readByte() !== 1) return false;
    this.client = this.#readClient();
    this.clock = this.#readUint();
    this.structOffset = this.#position;
    const info = this.#readByte();
    const hasMapKey = (info & binary.BIT6) !== 0;
    return (info & binary.BITS5) === stringRef && !hasMapKey && this.#readPlace(info) && this.#readText();
  }

  /** Reads the struct's origins, or its parent. */
  #readPlace(info: number): boolean {
    const hasOrigin = (info & binary.BIT8) !== 0;
    const hasRightOrigin = (info & binary.BIT7) !== 0;
    this.originClient = hasOrigin ? this.#readClient() : -1;
    this.originClock = hasOrigin ? this.#readUint() : 0;
    this.rightClient = hasRightOrigin ? this.#readClient() : -1;
    this.rightClock = hasRightOrigin ? this.#readUint() : 0;
    if (hasOrigin || hasRightOrigin) {
      return this.#isEarlier(this.originClient, this.originClock) && this.#isEarlier(this.rightClient, this.rightClock);
    }
    const isRootType = this.#readByte();
    if (isRootType === 1) return this.#skipName();
    return isRootType === 0 && this.#isEarlier(this.#readClient(), this.#readUint());
  }

  /** Whether the struct may refer to this id: an id of its own client has to be earlier. */
  #isEarlier(client: number, clock: number): boolean {
    return client !== this.client || clock < this.clock;
  }

  #skipName(): boolean {
    const length = this.#readUint();
    const nameOffset = this.#position;
    this.#position = nameOffset + length;
    return this.#position <= this.end && utf16Length(this.#bytes, nameOffset, this.#position) >= 0;
  }

  #readText(): boolean {
    this.lengthOffset = this.#position;
    const byteLength = this.#readUint();
    this.textOffset = this.#position;
    this.textEndOffset = this.#position + byteLength;
    this.#position = this.textEndOffset;
    if (this.textEndOffset > this.end) return false;
    const length = utf16Length(this.#bytes, this.textOffset, this.textEndOffset);
    this.endClock = this.clock + length;
    return length > 0;
  }

  #readDeletes(): boolean {
    const clients = this.#readByte();
    this.deletedClient = -1;
    if (clients === 0) return this.client >= 0;
    if (clients !== 1) return false;
    this.deletedClient = this.#readClient();
    if (this.#readByte() !== 1) return false;
    this.deletedClock = this.#readUint();
    const length = this.#readUint();
    this.deletedEndClock = this.deletedClock + length;
    return length > 0;
  }

  /** Behind the array the byte is 0, and the position, which is beyond `end` then, refuses the update. */
  #readByte(): number {
    const byte = this.#bytes[this.#position] ?? 0;
    this.#position += 1;
    return byte;
  }

  #readClient(): number {
    let value = 0;
    let factor = 1;
    for (let left = maxClientBytes; left > 0; left -= 1) {
      const byte = this.#readByte();
      value += (byte & binary.BITS7) * factor;
      factor *= binary.BIT8;
      if (byte < binary.BIT8) return this.#ended(value, byte, left === maxClientBytes);
    }
    this.#isCanonical = false;
    return value;
  }

  /**
   * Reads a clock or a length, with integer arithmetic. With that of `#readClient`, compiled code would keep even small
   * numbers as floating-point ones, and all code that gets them would be compiled again and again.
   */
  #readUint(): number {
    let value = 0;
    for (let shift = 0; shift < maxShift; shift += 7) {
      const byte = this.#readByte();
      value |= (byte & binary.BITS7) << shift;
      if (byte < binary.BIT8) return this.#ended(value, byte, shift === 0);
    }
    this.#isCanonical = false;
    return value;
  }

  /** lib0 writes no leading zeros. */
  #ended(value: number, last: number, isOnly: boolean): number {
    if (last === 0 && !isOnly) this.#isCanonical = false;
    return value;
  }
}
