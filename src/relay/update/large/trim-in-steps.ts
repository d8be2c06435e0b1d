import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { IdSet } from "../id-set.ts";
import { encodeStateVector } from "../state-vector.ts";
import { readUint } from "../strict-decoding.ts";
import { countsLeft, type DecodedUpdate, type Repetition } from "../trim-update.ts";
import { type Id, isAtSkip, readStruct, type StructVisitor } from "../update-reader.ts";
import { bytesPerStep, rangesPerStep, type Steps } from "./steps.ts";

const ignored: StructVisitor = { struct: () => {} };

/** As `trimUpdate`, in steps. The order of the clients that delete stays as it is. */
export function* trimInSteps({ update, contents }: DecodedUpdate, repeated: Repetition): Steps<DecodedUpdate> {
  const below = yield* setBelow(repeated.structs);
  const structs = yield* withoutInSteps(contents.structs, [below]);
  const deletes = yield* withoutInSteps(contents.deletes, repeated.deletes);
  const structsPart = yield* cutStructs(update.subarray(0, contents.structBytes), repeated.structs);
  const deletesPart = yield* encodeIdSet(deletes);
  const trimmed = new Uint8Array(structsPart.byteLength + deletesPart.byteLength);
  trimmed.set(structsPart);
  trimmed.set(deletesPart, structsPart.byteLength);
  const isEmpty = structs.isEmpty && deletes.isEmpty;
  const counts = countsLeft(contents, deletes);
  const { byteLength: structBytes } = structsPart;
  return { update: trimmed, contents: { kind: "contents", structs, deletes, structBytes, isEmpty, ...counts } };
}

function* setBelow(clocks: ReadonlyMap<number, number>): Steps<IdSet> {
  const below = new IdSet();
  let count = 0;
  for (const [client, clock] of clocks) {
    below.add(client, 0, clock);
    count += 1;
    if (count % rangesPerStep === 0) yield;
  }
  return below;
}

function* withoutInSteps(set: IdSet, others: readonly IdSet[]): Steps<IdSet> {
  const rest = new IdSet();
  for (const part of set.parts(rangesPerStep)) {
    rest.addAll(part.without(others));
    yield;
  }
  return rest;
}

function* encodeIdSet(set: IdSet): Steps<Uint8Array> {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, set.clientCount);
  let count = 0;
  for (const [client, ranges] of set) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.count);
    for (const [start, end] of ranges) {
      encoding.writeVarUint(encoder, start);
      encoding.writeVarUint(encoder, end - start);
      count += 1;
      if (count % rangesPerStep === 0) yield;
    }
  }
  return encoding.toUint8Array(encoder);
}

/** Cuts the structs below a clock of their client, as `Y.diffUpdate` does. */
function* cutStructs(structs: Uint8Array, from: ReadonlyMap<number, number>): Steps<Uint8Array> {
  if (from.size === 0) return structs;
  const decoder = decoding.createDecoder(structs);
  const kept = encoding.createEncoder();
  let keptSections = 0;
  let stepEnd = bytesPerStep;
  for (let sections = readUint(decoder); sections > 0; sections -= 1) {
    const count = readUint(decoder);
    const client = readUint(decoder);
    const section = new CutSection(structs, client, from.get(client) ?? 0);
    let clock = readUint(decoder);
    for (let left = count; left > 0; left -= 1) {
      clock = section.read(decoder, clock, left);
      if (decoder.pos < stepEnd) continue;
      yield;
      stepEnd = decoder.pos + bytesPerStep;
    }
    if (section.write(kept, decoder.pos)) keptSections += 1;
  }
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, keptSections);
    encoding.writeUint8Array(encoder, encoding.toUint8Array(kept));
  });
}

/** The structs of one client, from a clock on. */
class CutSection {
  readonly #structs: Uint8Array;
  readonly #client: number;
  readonly #cutAt: number;
  /** The number of structs that are kept; 0 until the first one is found. */
  #count = 0;
  /** The clock of the first one. */
  #clock = 0;
  /** The kept part of a struct that begins below the clock. */
  #cut: Uint8Array | undefined;
  /** The offset from which the structs are kept unchanged. */
  #offset = 0;

  constructor(structs: Uint8Array, client: number, cutAt: number) {
    this.#structs = structs;
    this.#client = client;
    this.#cutAt = cutAt;
  }

  /** Reads the next struct, the first of `left` ones. Returns the clock that follows it. */
  read(decoder: decoding.Decoder, clock: number, left: number): number {
    const offset = decoder.pos;
    const isSkip = isAtSkip(decoder);
    const end = readStruct(decoder, { client: this.#client, clock }, ignored);
    // The structs that are kept do not begin with a gap.
    if (this.#count > 0 || isSkip || end <= this.#cutAt) return end;
    this.#count = left;
    this.#clock = Math.max(clock, this.#cutAt);
    this.#offset = offset;
    if (clock >= this.#cutAt) return end;
    this.#offset = decoder.pos;
    this.#cut = cutStruct(this.#structs.subarray(offset, decoder.pos), { client: this.#client, clock }, this.#cutAt);
    return end;
  }

  /** Writes the kept structs. Returns whether there are any. */
  write(encoder: encoding.Encoder, endOffset: number): boolean {
    if (this.#count === 0) return false;
    for (const value of [this.#count, this.#client, this.#clock]) encoding.writeVarUint(encoder, value);
    if (this.#cut !== undefined) encoding.writeUint8Array(encoder, this.#cut);
    encoding.writeUint8Array(encoder, this.#structs.subarray(this.#offset, endOffset));
    return true;
  }
}

/** The part of one struct from a clock on. */
function cutStruct(struct: Uint8Array, { client, clock }: Id, cutAt: number): Uint8Array {
  const noDeletes = 0;
  const alone = encoding.encode((encoder) => {
    for (const value of [1, 1, client, clock]) encoding.writeVarUint(encoder, value);
    encoding.writeUint8Array(encoder, struct);
    encoding.writeVarUint(encoder, noDeletes);
  });
  const rest = Y.diffUpdate(alone, encodeStateVector(new Map([[client, cutAt]])));
  const decoder = decoding.createDecoder(rest);
  for (let header = 4; header > 0; header -= 1) readUint(decoder);
  return rest.subarray(decoder.pos, -1);
}
