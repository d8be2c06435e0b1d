import * as binary from "lib0/binary";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { cutItemContent, readItemContent } from "./item-content.ts";
import { DecodeError, readByte, readEnd, readUint } from "./strict-decoding.ts";

export interface StructVisitor {
  /** Reports the clocks of a struct. Clients descend, clocks ascend. A Skip only marks a gap, so it is not reported. */
  struct(client: number, start: number, end: number): void;
  /** Reports an id to which a struct refers: an origin, a right origin or a parent. Called before `struct`. */
  reference?(client: number, clock: number): void;
  /** Reports the type of an item's content, and the first byte of the content. Called before `struct`. */
  content?(ref: number, firstByte: number | undefined): void;
}

export interface UpdateVisitor extends StructVisitor {
  /** Reports a deleted range. The ranges of a client ascend and do not overlap. */
  deletes(client: number, start: number, end: number): void;
}

export interface Id {
  readonly client: number;
  readonly clock: number;
}

/** yjs/src/structs/GC.js */
export const garbageRef = 0;
/** yjs/src/structs/Skip.js */
export const skipRef = 10;

/**
 * Reads an update (V1) completely, and throws for bytes that Yjs does not write. Returns the length of its structs in
 * bytes; its deletes follow them.
 *
 * `Y.decodeUpdate` is not used: it builds an object per struct (a gigabyte from the 50 MB that a client may send),
 * recurses as deep as a value nests, and hides the faults that make `Y.applyUpdate` lose structs or throw: sections
 * without structs, a second section of a client, padded numbers. This reader reads each byte once, in bounded space.
 */
export function readUpdate(decoder: decoding.Decoder, visitor: UpdateVisitor): number {
  readStructs(decoder, visitor);
  const structBytes = decoder.pos;
  readIdSet(decoder, visitor.deletes);
  readEnd(decoder);
  return structBytes;
}

function readStructs(decoder: decoding.Decoder, visitor: UpdateVisitor): void {
  let previous = Number.POSITIVE_INFINITY;
  for (let left = readUint(decoder); left > 0; left -= 1) {
    const count = readUint(decoder);
    const client = readUint(decoder);
    // `Y.mergeUpdates` drops sections that do not descend; `Y.applyUpdate` drops all but the last section of a client.
    if (client >= previous) throw new DecodeError("clients not in descending order");
    if (count === 0) throw new DecodeError("client without structs");
    let clock = readUint(decoder);
    for (let structs = count; structs > 0; structs -= 1) clock = readStruct(decoder, { client, clock }, visitor);
    previous = client;
  }
}

/** Whether the next struct is a Skip, which marks a gap. */
export function isAtSkip({ arr, pos }: decoding.Decoder): boolean {
  return arr[pos] === skipRef;
}

/** Returns the clock that follows the struct. */
export function readStruct(decoder: decoding.Decoder, { client, clock }: Id, visitor: StructVisitor): number {
  const info = readByte(decoder);
  const hasOnlyLength = info === skipRef || (info & binary.BITS5) === garbageRef;
  const length = hasOnlyLength ? readUint(decoder) : readItem(decoder, info, { own: { client, clock }, visitor });
  const end = rangeEnd(clock, length);
  if (info !== skipRef) visitor.struct(client, clock, end);
  return end;
}

interface ReadItem {
  readonly own: Id;
  readonly visitor: StructVisitor;
}

/** Returns the item's length. */
function readItem(decoder: decoding.Decoder, info: number, item: ReadItem): number {
  const hasOrigin = (info & binary.BIT8) !== 0;
  const hasRightOrigin = (info & binary.BIT7) !== 0;
  if (hasOrigin) readReference(decoder, item);
  if (hasRightOrigin) readReference(decoder, item);
  if (!(hasOrigin || hasRightOrigin)) {
    const isRootType = readUint(decoder) === 1;
    if (isRootType) decoding.readVarString(decoder);
    else readReference(decoder, item);
    const hasMapKey = (info & binary.BIT6) !== 0;
    if (hasMapKey) decoding.readVarString(decoder);
  }
  const ref = info & binary.BITS5;
  item.visitor.content?.(ref, decoder.arr[decoder.pos]);
  return readItemContent(decoder, ref);
}

/** An item, in parts that are items themselves. */
export interface ItemPart {
  readonly clock: number;
  /** The clock that follows it. */
  readonly end: number;
  /** The bytes of the item before its content. */
  readonly head: Uint8Array;
  /** The offsets of the content. */
  readonly offset: number;
  readonly endOffset: number;
}

/**
 * Cuts the item at which the decoder is into parts of about `maxBytes`, as Yjs splits items: each part but the first has
 * the clock before it as its origin. Undefined when it cannot be cut.
 */
export function cutItem(
  decoder: decoding.Decoder,
  { client, clock }: Id,
  maxBytes: number,
): readonly ItemPart[] | undefined {
  const info = readByte(decoder);
  if (info === skipRef || (info & binary.BITS5) === garbageRef) return undefined;
  const start = decoder.pos;
  const hasOrigin = (info & binary.BIT8) !== 0;
  const hasRightOrigin = (info & binary.BIT7) !== 0;
  const readId = () => [readUint(decoder), readUint(decoder)] as const;
  if (hasOrigin) readId();
  const rightOrigin = hasRightOrigin ? readId() : [];
  if (!(hasOrigin || hasRightOrigin)) readParent(decoder, info);
  const place = decoder.arr.subarray(start, decoder.pos);
  const parts = cutItemContent(decoder, info & binary.BITS5, maxBytes - place.byteLength);
  let at = clock;
  return parts?.map(({ length, count, offset, endOffset }) => {
    const from = at;
    at += length;
    const head = encoding.encode((encoder) => {
      encoding.writeUint8(encoder, from === clock ? info : info | binary.BIT8);
      if (from === clock) encoding.writeUint8Array(encoder, place);
      else for (const value of [client, from - 1, ...rightOrigin]) encoding.writeVarUint(encoder, value);
      encoding.writeVarUint(encoder, count);
    });
    return { clock: from, end: at, head, offset, endOffset };
  });
}

function readParent(decoder: decoding.Decoder, info: number): void {
  if (readUint(decoder) === 1) decoding.readVarString(decoder);
  else for (let numbers = 2; numbers > 0; numbers -= 1) readUint(decoder);
  if ((info & binary.BIT6) !== 0) decoding.readVarString(decoder);
}

/**
 * Reads an origin or a parent. Yjs assumes without a look-up that it holds a reference to the item's own client, so
 * that a reference to a later item makes it throw.
 */
function readReference(decoder: decoding.Decoder, { own, visitor }: ReadItem): void {
  const client = readUint(decoder);
  const clock = readUint(decoder);
  if (client === own.client && clock >= own.clock) throw new DecodeError("item refers to itself or to a later item");
  visitor.reference?.(client, clock);
}

/** Reads a set of clocks in the form of a delete set. Throws for bytes that Yjs does not write. */
export function readIdSet(decoder: decoding.Decoder, visit: UpdateVisitor["deletes"]): void {
  const count = readUint(decoder);
  const clients = count > 1 ? new Set<number>() : undefined;
  for (let left = count; left > 0; left -= 1) {
    const client = readUint(decoder);
    if (clients?.has(client)) throw new DecodeError("second delete list of a client");
    clients?.add(client);
    let previousEnd = 0;
    for (let ranges = readUint(decoder); ranges > 0; ranges -= 1) {
      const start = readUint(decoder);
      // A client that lacks the structs stores pending deletes as differences, in which a range below the previous one
      // turns into another range: content would be deleted that no user deleted.
      if (start < previousEnd) throw new DecodeError("deletes not in ascending order");
      previousEnd = rangeEnd(start, readUint(decoder));
      visit(client, start, previousEnd);
    }
  }
}

/** The clock that follows a range. Throws `DecodeError` for an empty range and beyond the greatest clock. */
export function rangeEnd(start: number, length: number): number {
  if (length === 0) throw new DecodeError("empty range of clocks");
  const end = start + length;
  if (end > Number.MAX_SAFE_INTEGER) throw new DecodeError("clock out of range");
  return end;
}
