import * as binary from "lib0/binary";
import * as decoding from "lib0/decoding";
import { ClockSet } from "./clock-set.ts";
import { readItemContent } from "./item-content.ts";
import { Refusal, readByte, readEnd, readUint } from "./strict-decoding.ts";

/** What a Yjs update brings. */
export interface UpdateContents {
  readonly kind: "contents";
  /** The clocks of its structs. A Skip only marks a gap: its clocks are not brought. */
  readonly structs: ClockSet;
  /** The clocks it deletes. */
  readonly deletes: ClockSet;
  /** Neither structs nor deletes: it changes nothing. */
  readonly isEmpty: boolean;
}

export interface Malformed {
  readonly kind: "malformed";
  /** For the log; it never quotes content. */
  readonly detail: string;
}

/** yjs/src/structs/Skip.js */
const skipRef = 10;

/**
 * Reads an update (V1) completely, and refuses what Yjs does not write.
 *
 * Not through `Y.decodeUpdate`, which builds an object per struct (a gigabyte from the 50 MB that a client may send),
 * recurses as deep as a value nests, and does not show what makes `Y.applyUpdate` lose or throw something: sections
 * without structs, a client's second section, padded numbers. Here each byte is read once, in bounded space.
 */
export function decodeContents(update: Uint8Array): UpdateContents | Malformed {
  try {
    const decoder = decoding.createDecoder(update);
    const structs = readStructs(decoder);
    const deletes = readDeletes(decoder);
    readEnd(decoder);
    return { kind: "contents", structs, deletes, isEmpty: structs.isEmpty && deletes.isEmpty };
  } catch (error) {
    return { kind: "malformed", detail: error instanceof Refusal ? error.message : "it does not decode" };
  }
}

function readStructs(decoder: decoding.Decoder): ClockSet {
  const structs = new ClockSet();
  let previous = Number.POSITIVE_INFINITY;
  for (let left = readUint(decoder); left > 0; left -= 1) {
    const count = readUint(decoder);
    const client = readUint(decoder);
    // `Y.mergeUpdates` drops sections that do not descend, `Y.applyUpdate` all but the last of a client.
    if (client >= previous) throw new Refusal("clients that do not descend");
    if (count === 0) throw new Refusal("a client without structs");
    readSection(decoder, client, count, structs);
    previous = client;
  }
  return structs;
}

function readSection(decoder: decoding.Decoder, client: number, count: number, structs: ClockSet): void {
  let clock = readUint(decoder);
  /** Where the structs since the last Skip began. */
  let start = clock;
  for (let left = count; left > 0; left -= 1) {
    const info = readByte(decoder);
    const ref = info & binary.BITS5;
    const length = ref === 0 || info === skipRef ? readUint(decoder) : readItem(decoder, info, client, clock);
    const end = rangeEnd(clock, length);
    if (info === skipRef) {
      structs.add(client, start, clock);
      start = end;
    }
    clock = end;
  }
  structs.add(client, start, clock);
}

/** Returns the item's length. */
function readItem(decoder: decoding.Decoder, info: number, client: number, clock: number): number {
  const hasOrigin = (info & binary.BIT8) !== 0;
  const hasRightOrigin = (info & binary.BIT7) !== 0;
  if (hasOrigin) readReference(decoder, client, clock);
  if (hasRightOrigin) readReference(decoder, client, clock);
  if (!(hasOrigin || hasRightOrigin)) {
    const isRootType = readUint(decoder) === 1;
    if (isRootType) decoding.readVarString(decoder);
    else readReference(decoder, client, clock);
    const hasMapKey = (info & binary.BIT6) !== 0;
    if (hasMapKey) decoding.readVarString(decoder);
  }
  return readItemContent(decoder, info & binary.BITS5);
}

/** An origin or parent. Yjs takes one of the item's own client for held, without looking: a later one makes it throw. */
function readReference(decoder: decoding.Decoder, ownClient: number, ownClock: number): void {
  const client = readUint(decoder);
  const clock = readUint(decoder);
  if (client === ownClient && clock >= ownClock) throw new Refusal("an item that refers to itself or to a later one");
}

function readDeletes(decoder: decoding.Decoder): ClockSet {
  const deletes = new ClockSet();
  for (let left = readUint(decoder); left > 0; left -= 1) {
    const client = readUint(decoder);
    if (deletes.has(client)) throw new Refusal("a client's second list of deletes");
    let previousEnd = 0;
    for (let ranges = readUint(decoder); ranges > 0; ranges -= 1) {
      const start = readUint(decoder);
      // A client that lacks the structs keeps the deletes as differences, in which one below the last turns into
      // another range: it would delete what nobody deleted.
      if (start < previousEnd) throw new Refusal("deletes that do not ascend");
      previousEnd = rangeEnd(start, readUint(decoder));
      deletes.add(client, start, previousEnd);
    }
  }
  return deletes;
}

function rangeEnd(start: number, length: number): number {
  if (length === 0) throw new Refusal("a range without clocks");
  const end = start + length;
  if (end > Number.MAX_SAFE_INTEGER) throw new Refusal("a clock out of range");
  return end;
}
