import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { readUint } from "./strict-decoding.ts";
import { cutItem, isAtSkip, readStruct, type StructVisitor } from "./update-reader.ts";

/** Consecutive structs, or deleted ranges, of one client: a part of the bytes of an update. */
export interface Slice {
  readonly client: number;
  /** The clock of the first struct; 0 for deleted ranges, which carry their own. */
  readonly clock: number;
  /** The clock that follows the last struct. */
  readonly end: number;
  /** The number of structs, Skips between them included. */
  readonly count: number;
  /** The number of Skips between the slice and the struct before it. */
  readonly skips: number;
  /** The bytes before those of the update, if the slice is a part of one large item. */
  readonly head?: Uint8Array;
  readonly offset: number;
  readonly endOffset: number;
}

/** The slices that make a piece. */
export interface Slices {
  readonly structs: readonly Slice[];
  readonly deletes: readonly Slice[];
}

/** A struct, or a deleted range, in the bytes of an update. */
export type Element = Omit<Slice, "count">;

/** The head of a struct that cannot be cut. */
const noHead = new Uint8Array();
const ignored: StructVisitor = { struct: () => {} };

type OpenSlice = { -readonly [Key in keyof Slice]: Slice[Key] };

/** The most bytes of the numbers before the structs of a client, and of those before and after the slices. */
const headBytes = 3 * 8;
const frameBytes = 2 * 8;

/** Packs elements of an update into pieces of bounded size. A piece of one element may be larger. */
export class SlicePacker {
  /** The pieces that are full. */
  readonly packed: (readonly Slice[])[] = [];
  readonly #update: Uint8Array;
  readonly #maxBytes: number;
  #open = new Map<number, OpenSlice>();
  #bytes = frameBytes;
  #last: OpenSlice | undefined;

  constructor(update: Uint8Array, maxBytes: number) {
    this.#update = update;
    this.#maxBytes = maxBytes;
  }

  /** Adds the next element. Elements of one client are added in the order of the update, without one between them. */
  add(element: Element): void {
    if (element.head === undefined && element.endOffset - element.offset > this.#maxBytes) {
      for (const part of cutElement(this.#update, element, this.#maxBytes - frameBytes - 2 * headBytes)) this.add(part);
      return;
    }
    const slice = this.#last?.client === element.client ? this.#last : this.#open.get(element.client);
    const bytes =
      element.endOffset - (slice?.endOffset ?? element.offset - headBytes) + (element.head?.byteLength ?? 0);
    const canExtend = slice === undefined || (slice.head ?? element.head) === undefined;
    if (!canExtend || (this.#bytes + bytes > this.#maxBytes && this.#open.size > 0)) {
      this.close();
      this.add(element);
      return;
    }
    this.#bytes += bytes;
    this.#last = slice === undefined ? this.#begin(element) : extend(slice, element);
  }

  /** Ends the piece that is open. */
  close(): void {
    if (this.#open.size === 0) return;
    this.packed.push([...this.#open.values()]);
    this.#open = new Map();
    this.#last = undefined;
    this.#bytes = frameBytes;
  }

  #begin(element: Element): OpenSlice {
    const slice = { ...element, count: 1 };
    this.#open.set(element.client, slice);
    return slice;
  }
}

/** A large item in parts; itself if it cannot be cut. */
function cutElement(update: Uint8Array, element: Element, maxBytes: number): readonly Element[] {
  const { client, skips, offset } = element;
  const decoder = decoding.createDecoder(update);
  decoder.pos = offset;
  const parts = cutItem(decoder, element, maxBytes);
  if (parts === undefined) return [{ ...element, head: noHead }];
  return parts.map((part, index) => ({ client, skips: index === 0 ? skips : 0, ...part }));
}

/** Adds an element to a slice, and the Skips before it. */
function extend(slice: OpenSlice, { end, endOffset, skips }: Element): OpenSlice {
  slice.count += skips + 1;
  slice.end = end;
  slice.endOffset = endOffset;
  return slice;
}

/** Packs the deletes of an update, which begin at `offset`. */
export function packDeletes(update: Uint8Array, offset: number, packer: SlicePacker): void {
  const decoder = decoding.createDecoder(update);
  decoder.pos = offset;
  for (let clients = readUint(decoder); clients > 0; clients -= 1) {
    const client = readUint(decoder);
    for (let ranges = readUint(decoder); ranges > 0; ranges -= 1) {
      const start = decoder.pos;
      readUint(decoder);
      readUint(decoder);
      packer.add({ client, clock: 0, end: 0, skips: 0, offset: start, endOffset: decoder.pos });
    }
  }
  packer.close();
}

/** The most bytes that an update of these slices takes. */
export function sizeOf(slices: readonly Slice[]): number {
  const bytesOf = ({ head, offset, endOffset }: Slice) => headBytes + (head?.byteLength ?? 0) + endOffset - offset;
  return slices.reduce((sum, slice) => sum + bytesOf(slice), frameBytes);
}

/** Joins the slices of consecutive pieces, so that each client has one. */
export function joinSlices(slices: readonly Slice[]): readonly Slice[] {
  const joined = new Map<number, OpenSlice>();
  for (const slice of slices) {
    const before = joined.get(slice.client);
    if (before === undefined) {
      joined.set(slice.client, { ...slice });
      continue;
    }
    before.count += slice.skips + slice.count;
    before.end = slice.end;
    before.endOffset = slice.endOffset;
  }
  return [...joined.values()];
}

/** Returns the slice from the first struct that ends behind `clock`. Undefined when there is none. */
export function cutSlice(update: Uint8Array, slice: Slice, clock: number): Slice | undefined {
  let rest: Slice | undefined = slice;
  while (rest !== undefined && rest.clock < clock) {
    const { first, rest: after } = splitSlice(update, rest);
    if (first.end > clock) break;
    rest = after;
  }
  return rest;
}

/** Returns the first struct of a slice, and the others. */
export function splitSlice(update: Uint8Array, slice: Slice): { readonly first: Slice; readonly rest?: Slice } {
  if (slice.head !== undefined) return { first: slice };
  const { client, offset } = slice;
  const decoder = decoding.createDecoder(update);
  decoder.pos = offset;
  const end = readStruct(decoder, slice, ignored);
  const first = { ...slice, end, count: 1, endOffset: decoder.pos };
  let clock = end;
  let skips = 0;
  for (; isAtSkip(decoder) && slice.count > skips + 1; skips += 1) {
    clock = readStruct(decoder, { client, clock }, ignored);
  }
  const count = slice.count - skips - 1;
  return count === 0 ? { first } : { first, rest: { ...slice, clock, count, skips, offset: decoder.pos } };
}

/** Copies slices of an update into an update of their own. */
export function copySlices(update: Uint8Array, { structs, deletes }: Slices): Uint8Array {
  const parts: Uint8Array[] = [];
  const write = (slices: readonly Slice[], head: (slice: Slice) => readonly number[]) => {
    // Clients descend, as Yjs writes them.
    const ordered = [...slices].sort((left, right) => right.client - left.client);
    parts.push(varUints([ordered.length]));
    for (const slice of ordered) {
      parts.push(varUints(head(slice)), slice.head ?? noHead, update.subarray(slice.offset, slice.endOffset));
    }
  };
  write(structs, ({ count, client, clock }) => [count, client, clock]);
  write(deletes, ({ count, client }) => [client, count]);
  const copy = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    copy.set(part, offset);
    offset += part.byteLength;
  }
  return copy;
}

function varUints(values: readonly number[]): Uint8Array {
  return encoding.encode((encoder) => {
    for (const value of values) encoding.writeVarUint(encoder, value);
  });
}
