import * as decoding from "lib0/decoding";
import * as Y from "yjs";
import { mebibyte } from "../../config/limit.ts";
import { type BaseSummary, encodeSummary } from "../update/base-summary.ts";
import { IdSet } from "../update/id-set.ts";
import { mergedAtOnce, mergeUpdates } from "../update/merge-updates.ts";
import { type ContentIds, contentsOf, type UpdateContents } from "../update/update-contents.ts";
import { readUpdate } from "../update/update-reader.ts";
import { compactStructs } from "./compact-structs.ts";
import type { CompactedUpdates, CompactionInput } from "./compactor.ts";

/** More rejected updates than this are no accident, and finding each of them costs as much as a compaction. */
const maxRejected = 16;

/**
 * The memory of a `Y.Doc` at its peak, measured: tables of nested maps take 1,600 bytes for each struct, text 600 bytes,
 * 100,000 clients with one struct each 180 MB.
 */
const docBytesPer = { struct: 1_200, client: 1_800, deletedRange: 300 };
/** Documents that would take more memory are compacted without a `Y.Doc`. */
const maxDocBytes = 110 * mebibyte;

/** Whether the content that was deleted is kept. */
type Keeping = Pick<CompactionInput, "keepsDeleted">;

const keepsNothing: Keeping = { keepsDeleted: false };

/**
 * Makes one update that is equivalent to `updates` together, without the content that was deleted unless it is to be
 * kept.
 *
 * Structs and deletes that wait for others are kept. The result is verified: it holds exactly the clocks of the
 * accepted updates, and deletes at least what they delete. (Yjs deletes more while it integrates: overwritten map
 * entries, formatting without effect.) Throws when anything would be lost. An update at which Yjs throws is rejected;
 * another one is rejected only if Yjs throws at it without the first. Runs in a worker, because it is slow and takes
 * much memory.
 *
 * Documents with very many structs are compacted without a `Y.Doc`: an update that Yjs cannot apply is not found then.
 */
export function compactUpdates(updates: readonly Uint8Array[], keeping: Keeping = keepsNothing): CompactedUpdates {
  if (memoryOfDoc(updates) > maxDocBytes) return { ...compactWithoutDoc(updates, keeping), rejected: [] };
  const { base, rejected } = mergeApplicable(updates, keeping);
  const accepted = rejected.length === 0 ? updates : updates.filter((_, index) => !rejected.includes(index));
  const given = idsOf(accepted);
  try {
    return { base, summary: encodeSummary(verify(base, given)), rejected };
  } catch {
    // The updates contradict each other, and Yjs forgets some. One update that holds them all is better than a growing
    // log.
    const merged = mergeUpdates(accepted);
    return { base: merged, summary: encodeSummary(verify(merged, given)), rejected };
  }
}

/**
 * Compacts updates with so many structs that a document with them would take too much memory. An update that Yjs cannot
 * apply is not found.
 */
function compactWithoutDoc(
  updates: readonly Uint8Array[],
  { keepsDeleted }: Keeping,
): Omit<CompactedUpdates, "rejected"> {
  const merged = mergeUpdates(updates);
  const given = contentsOf(merged);
  const base = keepsDeleted ? merged : compactStructs(merged, given);
  // The deletes are copied as they are.
  const made = structsIn(base);
  if (!(given.structs.isWithin([made.structs]) && made.structs.isWithin([given.structs]))) {
    throw new Error("compaction lost or added structs");
  }
  return { base, summary: encodeSummary(made) };
}

/** An estimate of the memory that a document with these updates takes at its peak, garbage included. */
function memoryOfDoc(updates: readonly Uint8Array[]): number {
  const inserted = new IdSet();
  let bytes = 0;
  for (const update of updates) {
    const { counts, structs } = structsInReadable(update);
    inserted.addAll(structs);
    bytes +=
      3 * update.byteLength + counts.structs * docBytesPer.struct + counts.deletedRanges * docBytesPer.deletedRange;
  }
  return bytes + inserted.clientCount * docBytesPer.client;
}

/** As `structsIn`. An update that cannot be read has none: Yjs rejects it. */
function structsInReadable(update: Uint8Array): BaseSummary {
  try {
    return structsIn(update);
  } catch {
    return { structs: new IdSet(), structBytes: 0, counts: { structs: 0, deletedRanges: 0 } };
  }
}

/** The contents of an update without its deletes, which can take much memory. */
function structsIn(update: Uint8Array): BaseSummary {
  const structs = new IdSet();
  const counts = { structs: 0, deletedRanges: 0 };
  const structBytes = readUpdate(decoding.createDecoder(update), {
    struct: (client, start, end) => {
      structs.add(client, start, end);
      counts.structs += 1;
    },
    deletes: () => {
      counts.deletedRanges += 1;
    },
  });
  return { structs, structBytes, counts };
}

function verify(base: Uint8Array, given: ContentIds): UpdateContents {
  const contents = contentsOf(base);
  if (!given.structs.isWithin([contents.structs])) throw new Error("compaction lost structs");
  if (!contents.structs.isWithin([given.structs])) throw new Error("compaction added structs");
  if (!given.deletes.isWithin([contents.deletes])) throw new Error("compaction lost deletes");
  return contents;
}

interface Merged {
  readonly base: Uint8Array;
  readonly rejected: number[];
}

function mergeApplicable(updates: readonly Uint8Array[], keeping: Keeping): Merged {
  try {
    return { base: mergeAll(updates, keeping), rejected: [] };
  } catch (error) {
    return mergeWithoutRejected(updates, keeping, error);
  }
}

/** A document that replaces deleted content by its length as soon as it is encoded, unless that content is kept. */
function openDoc({ keepsDeleted }: Keeping): Y.Doc {
  return new Y.Doc({ gc: !keepsDeleted });
}

/**
 * Applies the updates to one document, and encodes it.
 *
 * The first update, which is large when it is a base, is applied alone: merging would copy it once more. The others are
 * merged in groups. Merging all of them takes longer than applying them one by one (measured on keystrokes: 3.9 µs
 * against 2.6 µs each), but Yjs copies everything that is pending for each update that it applies, so once anything is
 * pending the rest is merged into one.
 */
function mergeAll(updates: readonly Uint8Array[], keeping: Keeping): Uint8Array {
  const doc = openDoc(keeping);
  doc.transact(() => {
    for (const update of updates.slice(0, 1)) Y.applyUpdate(doc, update);
    for (let index = 1; index < updates.length; index += mergedAtOnce) {
      const isPending = doc.store.pendingStructs !== null;
      const end = isPending ? updates.length : index + mergedAtOnce;
      Y.applyUpdate(doc, mergeUpdates(updates.slice(index, end)));
      if (isPending) break;
    }
  });
  return Y.encodeStateAsUpdate(doc);
}

/**
 * Applies the updates one by one. A document in which Yjs has thrown is rebuilt, because its state is undefined then.
 */
function mergeWithoutRejected(updates: readonly Uint8Array[], keeping: Keeping, reason: unknown): Merged {
  const rejected: number[] = [];
  let accepted: Uint8Array[] = [];
  let doc = openDoc(keeping);
  for (const [index, update] of updates.entries()) {
    try {
      Y.applyUpdate(doc, update);
      accepted.push(update);
    } catch (error) {
      if (isOutOfMemory(error) || rejected.length === maxRejected) throw reason;
      rejected.push(index);
      const base = mergeAll(accepted, keeping);
      accepted = [base];
      doc = openDoc(keeping);
      Y.applyUpdate(doc, base);
    }
  }
  // Yjs throws only when the updates are merged: there is no single update that could be quarantined.
  if (rejected.length === 0) throw reason;
  return { base: Y.encodeStateAsUpdate(doc), rejected };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /memory/i.test(error.message);
}

function idsOf(updates: readonly Uint8Array[]): ContentIds {
  const structs = new IdSet();
  const deletes = new IdSet();
  for (const update of updates) {
    const contents = contentsOf(update);
    structs.addAll(contents.structs);
    deletes.addAll(contents.deletes);
  }
  return { structs, deletes };
}
