import * as Y from "yjs";
import { mebibyte } from "../../config/limit.ts";
import type { HistoryRecorder } from "../history/history-recorder.ts";
import { RecordingTooCostly } from "../history/marking.ts";
import { encodeSummary } from "../update/base-summary.ts";
import { IdSet } from "../update/id-set.ts";
import { mergeUpdates } from "../update/merge-updates.ts";
import { type ContentIds, contentsOf, type UpdateContents } from "../update/update-contents.ts";
import { compactStructs } from "./compact-structs.ts";
import type { CompactedUpdates, CompactionInput } from "./compactor.ts";
import { applyAll, memoryOfDoc, structsIn } from "./doc-of-updates.ts";

/** More rejected updates than this are no accident, and finding each of them costs as much as a compaction. */
const maxRejected = 16;

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
 * Documents with very many structs are compacted without a `Y.Doc`: an update that Yjs cannot apply is not found then,
 * and there is no addition to the history. `recorder`: makes that addition, unless it would take much longer than the
 * compaction.
 */
export function compactUpdates(
  updates: readonly Uint8Array[],
  keeping: Keeping = keepsNothing,
  recorder?: HistoryRecorder,
): CompactedUpdates {
  if (memoryOfDoc(updates) > maxDocBytes) {
    return { ...compactWithoutDoc(updates, keeping), rejected: [], historyGap: recorder && "skipped" };
  }
  const { base, rejected, ...recorded } = mergeApplicable(updates, keeping, recorder);
  const accepted = rejected.length === 0 ? updates : updates.filter((_, index) => !rejected.includes(index));
  const given = idsOf(accepted);
  try {
    return { base, summary: encodeSummary(verify(base, given)), rejected, ...recorded };
  } catch {
    // The updates contradict each other, and Yjs forgets some. One update that holds them all is better than a growing
    // log.
    const merged = mergeUpdates(accepted);
    return { base: merged, summary: encodeSummary(verify(merged, given)), rejected, historyGap: recorder && "failed" };
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

function verify(base: Uint8Array, given: ContentIds): UpdateContents {
  const contents = contentsOf(base);
  if (!given.structs.isWithin([contents.structs])) throw new Error("compaction lost structs");
  if (!contents.structs.isWithin([given.structs])) throw new Error("compaction added structs");
  if (!given.deletes.isWithin([contents.deletes])) throw new Error("compaction lost deletes");
  return contents;
}

type Merged = Omit<CompactedUpdates, "summary">;

function mergeApplicable(
  updates: readonly Uint8Array[],
  keeping: Keeping,
  recorder: HistoryRecorder | undefined,
): Merged {
  try {
    if (recorder !== undefined) return mergeRecorded(updates, keeping, { recorder, rejected: [] });
    return { base: mergeAll(updates, keeping), rejected: [] };
  } catch (error) {
    if (error instanceof RecordingTooCostly)
      return { ...mergeApplicable(updates, keeping, undefined), historyGap: "skipped" };
    const merged = mergeWithoutRejected(updates, keeping, error);
    return recorder === undefined ? merged : recordAgain(updates, keeping, { recorder, merged });
  }
}

interface Recording {
  readonly recorder: HistoryRecorder;
  /** The indexes of updates that are left out. */
  readonly rejected: readonly number[];
}

/** As `mergeAll`, with an addition to the history. Throws what Yjs throws. */
function mergeRecorded(
  updates: readonly Uint8Array[],
  { keepsDeleted }: Keeping,
  { recorder, rejected }: Recording,
): Merged {
  const doc = openDoc({ keepsDeleted: true });
  const history = recorder.record(doc, updates, {
    isAccepted: (index) => !rejected.includes(index),
    release: () => {
      if (!keepsDeleted) collectDeleted(doc);
    },
  });
  return { base: Y.encodeStateAsUpdate(doc), rejected, history };
}

/** Replaces the content of all deleted items by its length, as Yjs does at the end of a transaction. */
function collectDeleted({ store }: Y.Doc): void {
  Y.tryGc(Y.createDeleteSetFromStructStore(store), store, () => true);
}

/** The updates that Yjs rejects are known now. Without a history in the case that it throws again. */
function recordAgain(
  updates: readonly Uint8Array[],
  keeping: Keeping,
  { recorder, merged }: { readonly recorder: HistoryRecorder; readonly merged: Merged },
): Merged {
  try {
    return mergeRecorded(updates, keeping, { recorder, rejected: merged.rejected });
  } catch {
    return { ...merged, historyGap: "failed" };
  }
}

/** A document that replaces deleted content by its length as soon as it is encoded, unless that content is kept. */
function openDoc({ keepsDeleted }: Keeping): Y.Doc {
  return new Y.Doc({ gc: !keepsDeleted });
}

/** Applies the updates to one document, and encodes it. */
function mergeAll(updates: readonly Uint8Array[], keeping: Keeping): Uint8Array {
  const doc = openDoc(keeping);
  applyAll(doc, updates);
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
