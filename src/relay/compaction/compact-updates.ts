import * as Y from "yjs";
import { encodeSummary } from "../update/base-summary.ts";
import { IdSet } from "../update/id-set.ts";
import { mergedAtOnce, mergeUpdates } from "../update/merge-updates.ts";
import { type ContentIds, contentsOf, type UpdateContents } from "../update/update-contents.ts";
import type { CompactedUpdates } from "./compactor.ts";

/** More than this is no accident, and finding each costs as much as a compaction. */
const maxRejected = 16;

/**
 * One update that says what `updates` say together, less the content that was deleted.
 *
 * Structs and deletes that wait for others stay. Throws when anything would be lost: what is proven is that the result
 * holds exactly the clocks of the updates it takes in and deletes at least what they delete. (Yjs deletes more while it
 * integrates: overwritten map entries, formatting without effect.) An update at which Yjs throws is rejected, and so are
 * others only if they throw without it. For a worker: it is slow and takes much memory.
 */
export function compactUpdates(updates: readonly Uint8Array[]): CompactedUpdates {
  const { base, rejected } = collectGarbage(updates);
  const accepted = rejected.length === 0 ? updates : updates.filter((_, index) => !rejected.includes(index));
  const given = idsOf(accepted);
  try {
    return { base, summary: encodeSummary(verify(base, given)), rejected };
  } catch {
    // Contradictory updates, of which Yjs forgets some: one update that holds all is better than a log that grows.
    const merged = mergeUpdates(accepted);
    return { base: merged, summary: encodeSummary(verify(merged, given)), rejected };
  }
}

function verify(base: Uint8Array, given: ContentIds): UpdateContents {
  const contents = contentsOf(base);
  if (!given.structs.isWithin([contents.structs])) throw new Error("a compaction lost structs");
  if (!contents.structs.isWithin([given.structs])) throw new Error("a compaction invented structs");
  if (!given.deletes.isWithin([contents.deletes])) throw new Error("a compaction lost deletes");
  return contents;
}

function collectGarbage(updates: readonly Uint8Array[]): { readonly base: Uint8Array; readonly rejected: number[] } {
  try {
    return { base: collectAll(updates), rejected: [] };
  } catch (error) {
    return collectWithoutRejected(updates, error);
  }
}

/**
 * The first, which is large when it is a base, is not merged with the others: that would write it once more. Of the
 * others, some at a time are: a merge of all of them takes longer than to apply them (measured on keystrokes: 3.9 µs
 * each against 2.6), but Yjs copies all that is pending for each update that it applies.
 */
function collectAll(updates: readonly Uint8Array[]): Uint8Array {
  const doc = new Y.Doc();
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

/** One by one; a document in which Yjs has thrown is made anew, for what it holds then is anybody's guess. */
function collectWithoutRejected(
  updates: readonly Uint8Array[],
  reason: unknown,
): { readonly base: Uint8Array; readonly rejected: number[] } {
  const rejected: number[] = [];
  let accepted: Uint8Array[] = [];
  let doc = new Y.Doc();
  for (const [index, update] of updates.entries()) {
    try {
      Y.applyUpdate(doc, update);
      accepted.push(update);
    } catch (error) {
      if (isOutOfMemory(error) || rejected.length === maxRejected) throw reason;
      rejected.push(index);
      const base = collectAll(accepted);
      accepted = [base];
      doc = new Y.Doc();
      Y.applyUpdate(doc, base);
    }
  }
  // What throws only in company is nothing that can be set aside.
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
