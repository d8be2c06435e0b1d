import * as binary from "lib0/binary";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { IdSet } from "../update/id-set.ts";
import { contentRef } from "../update/item-content.ts";
import { readUint } from "../update/strict-decoding.ts";
import type { UpdateContents } from "../update/update-contents.ts";
import { garbageRef, type Id, readStruct, type StructVisitor, skipRef } from "../update/update-reader.ts";

/**
 * Compacts one update without a `Y.Doc`: it replaces the content of deleted items by its length, as Yjs does
 * (`Item.gc`), and joins structs that continue each other. It takes memory for two copies of the update, where a `Y.Doc`
 * takes 600 to 1,200 bytes for each struct.
 *
 * Joining loses nothing, wherever the two are in the document: Yjs splits an item into exactly such two where another
 * item has its place between them. `contents` are those of the update.
 */
export function compactStructs(update: Uint8Array, { structBytes, deletes }: UpdateContents): Uint8Array {
  const decoder = decoding.createDecoder(update.subarray(0, structBytes));
  const encoder = encoding.createEncoder();
  const body = encoding.createEncoder();
  const reader = new StructReader(decoder, deletes);
  const sections = readUint(decoder);
  encoding.writeVarUint(encoder, sections);
  for (let left = sections; left > 0; left -= 1) {
    const structs = readUint(decoder);
    const [client, clock] = [readUint(decoder), readUint(decoder)];
    const count = reader.compact({ client, clock }, structs, body);
    for (const value of [count, client, clock]) encoding.writeVarUint(encoder, value);
    encoding.writeUint8Array(encoder, encoding.toUint8Array(body));
    // One encoder is used for all: there can be a hundred thousand clients.
    [body.cpos, body.bufs] = [0, []];
  }
  encoding.writeUint8Array(encoder, update.subarray(structBytes));
  return encoding.toUint8Array(encoder);
}

/** A struct as it is written. */
interface Struct {
  readonly info: number;
  /** The kind of its content, `garbageRef` or `skipRef`. */
  readonly ref: number;
  readonly length: number;
  /** The origins or the parent, as they are encoded. */
  readonly place: Uint8Array;
  /** The content as it is encoded; of a text without its length; empty for a length alone. */
  readonly content: Uint8Array;
  /** The right origin as it is encoded; empty when there is none. */
  readonly rightOrigin: Uint8Array;
  /** Whether its origin is the clock before it. */
  readonly continues: boolean;
}

const noBytes = new Uint8Array();

class StructReader {
  readonly #decoder: decoding.Decoder;
  readonly #deletes: IdSet;
  #client = 0;
  #contentOffset = 0;
  readonly #visitor: StructVisitor = {
    struct: () => {},
    content: () => {
      this.#contentOffset = this.#decoder.pos;
    },
  };

  constructor(decoder: decoding.Decoder, deletes: IdSet) {
    this.#decoder = decoder;
    this.#deletes = deletes;
  }

  /** Reads so many structs, the first of which has this id, and writes them. Returns the number that is written. */
  compact({ client, clock: start }: Id, structs: number, encoder: encoding.Encoder): number {
    this.#client = client;
    let count = 0;
    let run: Run | undefined;
    let clock = start;
    for (let left = structs; left > 0; left -= 1) {
      const struct = this.#read(clock);
      clock += struct.length;
      if (run?.append(struct)) continue;
      run?.write(encoder);
      run = new Run(struct);
      count += 1;
    }
    run?.write(encoder);
    return count;
  }

  #read(clock: number): Struct {
    const { arr, pos } = this.#decoder;
    const info = arr[pos] ?? 0;
    const end = readStruct(this.#decoder, { client: this.#client, clock }, this.#visitor);
    const length = end - clock;
    const ref = info === skipRef ? skipRef : info & binary.BITS5;
    if (ref === skipRef || ref === garbageRef) {
      return { info, ref, length, place: noBytes, content: noBytes, rightOrigin: noBytes, continues: true };
    }
    const place = arr.subarray(pos + 1, this.#contentOffset);
    const isDeleted = this.#deletes.reach(this.#client, clock) >= end;
    const { rightOrigin, continues } = this.#originsOf(info, place, clock);
    if (isDeleted || ref === contentRef.deleted) {
      const marked = (info & ~binary.BITS5) | contentRef.deleted;
      return { info: marked, ref: contentRef.deleted, length, place, content: noBytes, rightOrigin, continues };
    }
    const content = arr.subarray(this.#contentOffset, this.#decoder.pos);
    return {
      info,
      ref,
      length,
      place,
      content: ref === contentRef.string ? textOf(content) : content,
      rightOrigin,
      continues,
    };
  }

  #originsOf(info: number, place: Uint8Array, clock: number): Pick<Struct, "rightOrigin" | "continues"> {
    const decoder = decoding.createDecoder(place);
    let continues = false;
    if ((info & binary.BIT8) !== 0) {
      const [client, origin] = [readUint(decoder), readUint(decoder)];
      continues = client === this.#client && origin === clock - 1;
    }
    const hasRightOrigin = (info & binary.BIT7) !== 0;
    return { rightOrigin: hasRightOrigin ? place.subarray(decoder.pos) : noBytes, continues };
  }
}

function textOf(content: Uint8Array): Uint8Array {
  const decoder = decoding.createDecoder(content);
  readUint(decoder);
  return content.subarray(decoder.pos);
}

/** Structs that are written as one. */
class Run {
  readonly #first: Struct;
  #length: number;
  readonly #contents: Uint8Array[];

  constructor(first: Struct) {
    this.#first = first;
    this.#length = first.length;
    this.#contents = [first.content];
  }

  /** Adds the struct that follows. Returns false if it cannot be written together with the run. */
  append(next: Struct): boolean {
    const first = this.#first;
    if (next.ref !== first.ref || !next.continues || !isJoined(next.ref)) return false;
    if (!isSame(first.rightOrigin, next.rightOrigin)) return false;
    this.#length += next.length;
    if (next.content.byteLength > 0) this.#contents.push(next.content);
    return true;
  }

  write(encoder: encoding.Encoder): void {
    const { info, ref, place } = this.#first;
    encoding.writeUint8(encoder, info);
    encoding.writeUint8Array(encoder, place);
    if (ref === contentRef.string) {
      encoding.writeVarUint(
        encoder,
        this.#contents.reduce((sum, { byteLength }) => sum + byteLength, 0),
      );
    } else if (isJoined(ref) || ref === skipRef) {
      encoding.writeVarUint(encoder, this.#length);
    }
    for (const content of this.#contents) encoding.writeUint8Array(encoder, content);
  }
}

/** Whether structs of this kind can be joined. Yjs joins more, but these are the ones of which there are many. */
function isJoined(ref: number): boolean {
  return ref === garbageRef || ref === contentRef.deleted || ref === contentRef.string;
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index]);
}
