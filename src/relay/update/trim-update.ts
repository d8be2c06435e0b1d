import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { IdSet } from "./id-set.ts";
import { encodeStateVector } from "./state-vector.ts";
import { type ContentCounts, countsOf, type UpdateContents } from "./update-contents.ts";

/** An update together with its contents. */
export interface DecodedUpdate {
  readonly update: Uint8Array;
  readonly contents: UpdateContents;
}

/** The part of an update that is already known, and is to be cut. */
export interface Repetition {
  /** By client, the clock below which all structs are known. */
  readonly structs: ReadonlyMap<number, number>;
  readonly deletes: readonly IdSet[];
}

/** Returns the update without the part that is repeated. */
export function trimUpdate({ update, contents }: DecodedUpdate, repeated: Repetition): DecodedUpdate {
  const below = new IdSet();
  for (const [client, clock] of repeated.structs) below.add(client, 0, clock);
  const structs = contents.structs.without([below]);
  const deletes = contents.deletes.without(repeated.deletes);
  const structsPart = cutStructs(update.subarray(0, contents.structBytes), repeated.structs);
  return {
    update: encoding.encode((encoder) => {
      encoding.writeUint8Array(encoder, structsPart);
      writeIdSet(encoder, deletes);
    }),
    contents: {
      kind: "contents",
      structs,
      deletes,
      structBytes: structsPart.byteLength,
      isEmpty: structs.isEmpty && deletes.isEmpty,
      ...countsLeft(contents, deletes),
    },
  };
}

/**
 * The counts of an update of which these deletes are left. The structs are those of the whole update, of which it has no
 * more. The deleted ranges may be more: known deletes divide a range.
 */
export function countsLeft(contents: UpdateContents, deletes: IdSet): { readonly counts?: ContentCounts } {
  const { structs } = countsOf(contents);
  let deletedRanges = 0;
  for (const [, ranges] of deletes) deletedRanges += ranges.count;
  return structs <= 1 && deletedRanges <= 1 ? {} : { counts: { structs, deletedRanges } };
}

function cutStructs(structs: Uint8Array, from: ReadonlyMap<number, number>): Uint8Array {
  if (from.size === 0) return structs;
  const noDeletes = 0;
  const update = encoding.encode((encoder) => {
    encoding.writeUint8Array(encoder, structs);
    encoding.writeVarUint(encoder, noDeletes);
  });
  return Y.diffUpdate(update, encodeStateVector(from)).subarray(0, -1);
}

/** Encodes an update that has deletes and no structs. */
export function encodeDeletes(deletes: IdSet): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0);
    writeIdSet(encoder, deletes);
  });
}

/** Writes a set of clocks as Yjs writes a delete set, with clients in descending order. */
export function writeIdSet(encoder: encoding.Encoder, clocks: IdSet): void {
  const clients = [...clocks].sort(([left], [right]) => right - left);
  encoding.writeVarUint(encoder, clients.length);
  for (const [client, ranges] of clients) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, ranges.count);
    for (const [start, end] of ranges) {
      encoding.writeVarUint(encoder, start);
      encoding.writeVarUint(encoder, end - start);
    }
  }
}
