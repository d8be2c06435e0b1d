import type * as decoding from "lib0/decoding";
import { DecodeError, readEnd, readUint } from "../strict-decoding.ts";
import { rangeEnd, readStruct, type UpdateVisitor } from "../update-reader.ts";
import { BoundError, type UpdateBounds, type UpdateCounts, unbounded } from "./update-bounds.ts";

/**
 * Reads a large update as `readUpdate` does, in steps between which the event loop can do other work.
 *
 * It also throws `BoundError` for a count beyond its bound, before it reads the part that states the count: a part that
 * is shorter than it states is reported as too large.
 *
 * `readUpdate` is not built on it: a keystroke would take a tenth more time to read.
 */
export class StepwiseReader {
  readonly #decoder: decoding.Decoder;
  readonly #visitor: UpdateVisitor;
  readonly #bounds: UpdateBounds;
  #areStructsRead = false;
  readonly #clients: number;
  #clientsLeft: number;
  #structsLeft = 0;
  /** The client and the clock of the next struct. */
  #client = Number.POSITIVE_INFINITY;
  #clock = 0;
  #structs = 0;
  #structBytes = 0;
  #deletes: StepwiseIdSetReader | undefined;

  /** Throws as `read` does. */
  constructor(decoder: decoding.Decoder, visitor: UpdateVisitor, bounds: UpdateBounds = unbounded) {
    this.#decoder = decoder;
    this.#visitor = visitor;
    this.#bounds = bounds;
    this.#clients = readClientCount(decoder, bounds);
    this.#clientsLeft = this.#clients;
  }

  /** The length of the structs in bytes, once all is read; the deletes follow them. */
  get structBytes(): number {
    return this.#structBytes;
  }

  /** The number of structs and deleted ranges that are read. */
  get readCount(): number {
    return this.#structs - this.#structsLeft + (this.#deletes?.readCount ?? 0);
  }

  /** The counts that were stated so far. */
  get counts(): UpdateCounts {
    const clients = Math.max(this.#clients, this.#deletes?.clients ?? 0);
    return { structs: this.#structs, clients, deletedRanges: this.#deletes?.ranges ?? 0 };
  }

  /** Reads on for about `maxBytes`, and at least one struct or range. Returns whether all is read. */
  read(maxBytes: number): boolean {
    const endOffset = this.#decoder.pos + maxBytes;
    if (!(this.#areStructsRead || this.#readStructs(endOffset))) return false;
    this.#deletes ??= new StepwiseIdSetReader(this.#decoder, this.#visitor.deletes, this.#bounds);
    if (!this.#deletes.read(endOffset)) return false;
    readEnd(this.#decoder);
    return true;
  }

  #readStructs(endOffset: number): boolean {
    const decoder = this.#decoder;
    const visitor = this.#visitor;
    while (this.#clientsLeft > 0 || this.#structsLeft > 0) {
      if (decoder.pos > endOffset) return false;
      if (this.#structsLeft === 0) this.#openSection();
      const client = this.#client;
      let clock = this.#clock;
      let left = this.#structsLeft;
      for (; left > 0 && decoder.pos <= endOffset; left -= 1) clock = readStruct(decoder, { client, clock }, visitor);
      this.#clock = clock;
      this.#structsLeft = left;
    }
    this.#areStructsRead = true;
    this.#structBytes = decoder.pos;
    return true;
  }

  #openSection(): void {
    const count = readUint(this.#decoder);
    const client = readUint(this.#decoder);
    if (client >= this.#client) throw new DecodeError("clients not in descending order");
    if (count === 0) throw new DecodeError("client without structs");
    this.#structs += count;
    if (this.#structs > this.#bounds.structs) throw new BoundError("structs", this.#structs);
    this.#clientsLeft -= 1;
    this.#structsLeft = count;
    this.#client = client;
    this.#clock = readUint(this.#decoder);
  }
}

/** Reads a set of clocks as `readIdSet` does, in steps and with the bounds of an update's deletes. */
export class StepwiseIdSetReader {
  readonly #decoder: decoding.Decoder;
  readonly #visit: UpdateVisitor["deletes"];
  readonly #bounds: UpdateBounds;
  readonly #seen = new Set<number>();
  /** The number of clients. */
  readonly clients: number;
  #clientsLeft: number;
  #rangesLeft = 0;
  #client = 0;
  #previousEnd = 0;
  #ranges = 0;

  /** Throws as `read` does. */
  constructor(decoder: decoding.Decoder, visit: UpdateVisitor["deletes"], bounds: UpdateBounds = unbounded) {
    this.#decoder = decoder;
    this.#visit = visit;
    this.#bounds = bounds;
    this.clients = readClientCount(decoder, bounds);
    this.#clientsLeft = this.clients;
  }

  /** The number of ranges that were stated so far. */
  get ranges(): number {
    return this.#ranges;
  }

  get readCount(): number {
    return this.#ranges - this.#rangesLeft;
  }

  /** Reads on until the decoder is beyond `endOffset`. Returns whether all is read. */
  read(endOffset: number): boolean {
    const decoder = this.#decoder;
    const visit = this.#visit;
    while (this.#clientsLeft > 0 || this.#rangesLeft > 0) {
      if (decoder.pos > endOffset) return false;
      if (this.#rangesLeft === 0) this.#openList();
      const client = this.#client;
      let previousEnd = this.#previousEnd;
      let left = this.#rangesLeft;
      for (; left > 0 && decoder.pos <= endOffset; left -= 1) {
        const start = readUint(decoder);
        if (start < previousEnd) throw new DecodeError("deletes not in ascending order");
        previousEnd = rangeEnd(start, readUint(decoder));
        visit(client, start, previousEnd);
      }
      this.#previousEnd = previousEnd;
      this.#rangesLeft = left;
    }
    return true;
  }

  #openList(): void {
    const client = readUint(this.#decoder);
    if (this.#seen.has(client)) throw new DecodeError("second delete list of a client");
    this.#seen.add(client);
    const count = readUint(this.#decoder);
    this.#ranges += count;
    if (this.#ranges > this.#bounds.deletedRanges) throw new BoundError("deletedRanges", this.#ranges);
    this.#clientsLeft -= 1;
    this.#rangesLeft = count;
    this.#client = client;
    this.#previousEnd = 0;
  }
}

function readClientCount(decoder: decoding.Decoder, { clients }: UpdateBounds): number {
  const count = readUint(decoder);
  if (count > clients) throw new BoundError("clients", count);
  return count;
}
