import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { IdSet } from "../id-set.ts";
import { type DecodedUpdate, writeIdSet } from "../trim-update.ts";
import { readUpdate } from "../update-reader.ts";
import { FastUpdate } from "./fast-update.ts";

const minCapacity = 512;
/** The longest number, and the numbers before the structs: the count of clients, that of structs, client and clock. */
const maxNumberBytes = 8;
const headBytes = 1 + 3 * maxNumberBytes;
/** The room that is left for the length of a text before the text is complete. */
const maxLengthBytes = 3;
/** The largest number of three bytes. */
const mostBytes = 2 ** 21 - 1;

/** The structs of an update that may be joined: one client's, without a gap. */
interface Structs {
  readonly client: number;
  readonly clock: number;
  readonly endClock: number;
  readonly count: number;
  /** The offsets of the structs. */
  readonly offset: number;
  readonly endOffset: number;
}

/** The structs of an update that only deletes. */
const noStructs: Structs = { client: -1, clock: 0, endClock: 0, count: 0, offset: 0, endOffset: 0 };

/**
 * Joins updates of one sender to one update, which means the same as all of them, applied in their order.
 *
 * The structs have to continue each other: they are of one client, and the structs of each update begin at the clock
 * at which those before end. An update without structs always fits. Adjacent texts become one item where Yjs would
 * merge them (yjs/src/structs/Item.js, `mergeWith`).
 *
 * A single update is not copied before `take`. One object may serve run after run: it keeps its buffer.
 */
export class JoinedUpdate {
  readonly #maxBytes: number;
  #count = 0;
  #byteLength = 0;
  /** The only update, while it is not in the buffer yet. */
  readonly #first = new FastUpdate();
  #firstBytes: Uint8Array | undefined;
  #firstDecoded: DecodedUpdate | undefined;
  /** The structs of `#firstDecoded`, once another update may follow. */
  #firstStructs: Structs | undefined;
  /** Set when the first update cannot be joined with any other. */
  #isClosed = false;
  /** The structs, behind the space for their head. */
  #buffer = new Uint8Array();
  #length = headBytes;
  #structCount = 0;
  #client = -1;
  #clock = 0;
  #endClock = 0;
  /** The offset of the last item's text, while the text may grow; -1 otherwise. Its length is written when it ends. */
  #textOffset = -1;
  #rightClient = -1;
  #rightClock = 0;
  #deletes = new IdSet();

  /** `maxBytes`: the size of all joined updates together. A larger update stays alone. At most 2 MiB. */
  constructor(maxBytes: number) {
    this.#maxBytes = Math.min(maxBytes, mostBytes);
  }

  /** The number of updates. */
  get count(): number {
    return this.#count;
  }

  /** The size of the updates together. The joined update is not larger. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /**
   * Adds the update that `found` has read in `bytes`. False when it does not continue the others or would make the
   * joined update too large; nothing is changed then. The first update always fits. `bytes` must not change until
   * `take`.
   */
  addFast(bytes: Uint8Array, found: FastUpdate): boolean {
    const size = found.end - found.start;
    if (this.#count === 0) {
      this.#first.copy(found);
      this.#firstBytes = bytes;
      this.#client = found.client;
      this.#clock = found.clock;
      this.#endClock = found.endClock;
    } else {
      if (!this.#hasSpace(size) || !this.#continues(found.client, found.clock)) return false;
      this.#writeFirst();
      this.#writeFast(bytes, found);
    }
    this.#added(size);
    return true;
  }

  /** The same for an update that the strict reader has read. It may have any structs and deletes. */
  add(decoded: DecodedUpdate): boolean {
    const size = decoded.update.byteLength;
    if (this.#count === 0) {
      this.#firstDecoded = decoded;
    } else {
      const structs = this.#hasSpace(size) ? joinableStructs(decoded) : undefined;
      if (structs === undefined || !this.#continues(structs.client, structs.clock)) return false;
      this.#writeFirst();
      this.#write(decoded, structs);
    }
    this.#added(size);
    return true;
  }

  /** Returns the joined update, and is empty afterwards. A single update is returned as it is. */
  take(): DecodedUpdate {
    const taken = this.#firstDecoded ?? this.#takeFirst() ?? this.#encode();
    this.clear();
    return taken;
  }

  /** Drops all updates. */
  clear(): void {
    this.#count = 0;
    this.#byteLength = 0;
    this.#firstBytes = undefined;
    this.#firstDecoded = undefined;
    this.#firstStructs = undefined;
    this.#isClosed = false;
    this.#length = headBytes;
    this.#structCount = 0;
    this.#client = -1;
    this.#textOffset = -1;
    this.#deletes.clear();
  }

  #added(size: number): void {
    this.#count += 1;
    this.#byteLength += size;
  }

  /** Whether an update of this size may join the others. */
  #hasSpace(size: number): boolean {
    if (this.#byteLength + size > this.#maxBytes) return false;
    if (this.#firstDecoded === undefined || this.#firstStructs !== undefined) return true;
    if (this.#isClosed) return false;
    const structs = joinableStructs(this.#firstDecoded);
    this.#isClosed = structs === undefined;
    this.#firstStructs = structs;
    if (structs !== undefined) this.#reached(structs.client, structs.clock, structs.endClock);
    return !this.#isClosed;
  }

  #continues(client: number, clock: number): boolean {
    return client < 0 || this.#client < 0 || (client === this.#client && clock === this.#endClock);
  }

  /** Writes the first update to the buffer, unless it is there. */
  #writeFirst(): void {
    if (this.#firstBytes !== undefined) this.#writeFast(this.#firstBytes, this.#first);
    if (this.#firstDecoded !== undefined && this.#firstStructs !== undefined) {
      this.#write(this.#firstDecoded, this.#firstStructs);
    }
    this.#firstBytes = undefined;
    this.#firstDecoded = undefined;
    this.#firstStructs = undefined;
  }

  #writeFast(bytes: Uint8Array, found: FastUpdate): void {
    if (found.client >= 0) {
      if (this.#extendsText(found)) this.#append(bytes, found.textOffset, found.textEndOffset);
      else this.#writeItem(bytes, found);
      this.#reached(found.client, found.clock, found.endClock);
    }
    if (found.deletedClient >= 0) this.#deletes.add(found.deletedClient, found.deletedClock, found.deletedEndClock);
  }

  #write({ update, contents }: DecodedUpdate, structs: Structs): void {
    if (structs.count > 0) {
      this.#endText();
      this.#append(update, structs.offset, structs.endOffset);
      this.#structCount += structs.count;
      this.#reached(structs.client, structs.clock, structs.endClock);
    }
    this.#deletes.addAll(contents.deletes);
  }

  #reached(client: number, clock: number, endClock: number): void {
    if (this.#client < 0) this.#clock = clock;
    this.#client = client;
    this.#endClock = endClock;
  }

  /** Whether Yjs would merge the item with the one before it. */
  #extendsText(found: FastUpdate): boolean {
    return (
      this.#textOffset >= 0 &&
      found.originClient === found.client &&
      found.originClock === found.clock - 1 &&
      found.rightClient === this.#rightClient &&
      found.rightClock === this.#rightClock
    );
  }

  #writeItem(bytes: Uint8Array, found: FastUpdate): void {
    this.#endText();
    this.#append(bytes, found.structOffset, found.lengthOffset);
    this.#reserve(maxLengthBytes);
    this.#length += maxLengthBytes;
    this.#textOffset = this.#length;
    this.#rightClient = found.rightClient;
    this.#rightClock = found.rightClock;
    this.#append(bytes, found.textOffset, found.textEndOffset);
    this.#structCount += 1;
  }

  /** Writes the length of the last text, and moves the text next to it. */
  #endText(): void {
    if (this.#textOffset < 0) return;
    const textOffset = this.#textOffset;
    const buffer = this.#buffer;
    let at = textOffset - maxLengthBytes;
    let left = this.#length - textOffset;
    for (; left > 0x7f; left >>>= 7) {
      buffer[at] = 0x80 | (left & 0x7f);
      at += 1;
    }
    buffer[at] = left;
    buffer.copyWithin(at + 1, textOffset, this.#length);
    this.#length -= textOffset - at - 1;
    this.#textOffset = -1;
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    const buffer = this.#buffer;
    let at = this.#length;
    // A keystroke is shorter than the call of `set` takes.
    for (let index = start; index < end; index += 1) {
      buffer[at] = bytes[index] ?? 0;
      at += 1;
    }
    this.#length = at;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.byteLength, minCapacity));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }

  #takeFirst(): DecodedUpdate | undefined {
    const first = this.#first;
    const update = this.#firstBytes?.slice(first.start, first.end);
    return update && { update, contents: first.contents() };
  }

  #encode(): DecodedUpdate {
    this.#endText();
    const deletes = this.#deletes;
    // This set goes with the update.
    this.#deletes = new IdSet();
    const structs = new IdSet();
    if (this.#structCount > 0) structs.add(this.#client, this.#clock, this.#endClock);
    const start = this.#writeHead();
    const structBytes = this.#length - start;
    this.#writeDeletes(deletes);
    const counts = { structs: this.#structCount, deletedRanges: 0 };
    for (const [, ranges] of deletes) counts.deletedRanges += ranges.count;
    const isEmpty = structs.isEmpty && deletes.isEmpty;
    const contents = { kind: "contents", structs, deletes, structBytes, isEmpty } as const;
    const hasMany = counts.structs > 1 || counts.deletedRanges > 1;
    return {
      update: this.#buffer.slice(start, this.#length),
      contents: hasMany ? { ...contents, counts } : contents,
    };
  }

  /** Writes the head of the structs directly before them. Returns its offset. */
  #writeHead(): number {
    const structsEnd = this.#length;
    this.#reserve(0);
    this.#length = 0;
    this.#writeUint(this.#structCount === 0 ? 0 : 1);
    if (this.#structCount > 0) {
      this.#writeUint(this.#structCount);
      this.#writeUint(this.#client);
      this.#writeUint(this.#clock);
    }
    const start = headBytes - this.#length;
    this.#buffer.copyWithin(start, 0, this.#length);
    this.#length = structsEnd;
    return start;
  }

  #writeDeletes(deletes: IdSet): void {
    if (deletes.isEmpty) {
      this.#writeUint(0);
      return;
    }
    const bytes = encoding.encode((encoder) => writeIdSet(encoder, deletes));
    this.#append(bytes, 0, bytes.byteLength);
  }

  /** Writes a number as lib0 does. */
  #writeUint(value: number): void {
    this.#reserve(maxNumberBytes);
    const buffer = this.#buffer;
    let left = value;
    for (; left > 0x7f; left = Math.floor(left / 0x80)) {
      buffer[this.#length] = 0x80 | (left % 0x80);
      this.#length += 1;
    }
    buffer[this.#length] = left;
    this.#length += 1;
  }
}

/** The structs of an update; undefined when they are not one client's without a gap. */
function joinableStructs({ update, contents }: DecodedUpdate): Structs | undefined {
  const decoder = decoding.createDecoder(update);
  const sections = decoding.readVarUint(decoder);
  if (sections === 0) return noStructs;
  if (sections > 1) return undefined;
  const count = decoding.readVarUint(decoder);
  const client = decoding.readVarUint(decoder);
  const clock = decoding.readVarUint(decoder);
  const structs = { client, clock, count, offset: decoder.pos, endOffset: contents.structBytes };
  let reported = 0;
  let endClock = clock;
  readUpdate(decoding.createDecoder(update), {
    struct: (_client, _start, end) => {
      reported += 1;
      endClock = end;
    },
    deletes: () => {},
  });
  // A Skip is not reported: with one there is a gap.
  return reported === count ? { ...structs, endClock } : undefined;
}
