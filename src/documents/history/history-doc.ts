import * as Y from "yjs";
import { applyAll } from "../../relay/compaction/doc-of-updates.ts";
import { decodeMarks, type Mark } from "../../relay/history/marks.ts";
import type { Moment, StoredMoment, UpdateTime } from "../../storage/history/history-store.ts";

/** A document whose content is kept from before until after a moment, and what of it was there at that moment. */
export interface HistoryDoc {
  /** It keeps deleted content. It may hold content from after the moment. */
  readonly doc: Y.Doc;
  readonly snapshot: Y.Snapshot;
  /** The last update before the moment: it says which of the moments within a second is meant. */
  readonly last: UpdateTime;
}

/** Restores what was compressed. */
export type Decompress = (bytes: Uint8Array) => Uint8Array;

/** A moment that the store has parts of. */
export type KnownMoment = Exclude<StoredMoment, { readonly kind: "unknown" }>;

/** Opens the document of a moment. Throws for parts that are damaged. */
export function openHistory(stored: KnownMoment, moment: Moment, decompress: Decompress): HistoryDoc {
  const doc = new Y.Doc({ gc: false });
  if (stored.kind === "updates") {
    applyAll(doc, stored.updates);
    return { doc, snapshot: Y.snapshot(doc), last: stored.last };
  }
  const { snapshot, segments } = stored;
  Y.applyUpdateV2(doc, decompress(snapshot.data));
  for (const { data } of segments.slice(0, -1)) Y.applyUpdateV2(doc, decompress(data));
  const last = segments.at(-1);
  const before = segments.at(-2);
  const reached = before === undefined ? snapshot : { sequence: before.last, at: before.endedAt };
  if (last === undefined)
    return { doc, snapshot: Y.snapshot(doc), last: { sequence: snapshot.sequence, at: snapshot.at } };
  const marks = decodeMarks(decompress(last.marks));
  const count = countUntil(marks, moment);
  if (count === marks.length) {
    Y.applyUpdateV2(doc, decompress(last.data));
    return { doc, snapshot: Y.snapshot(doc), last: { sequence: last.last, at: last.endedAt } };
  }
  const included = snapshotAfter(doc, marks.slice(0, count));
  Y.applyUpdateV2(doc, decompress(last.data));
  const mark = marks[count - 1];
  const at = mark === undefined ? reached : { sequence: mark.row, at: mark.second * 1_000 };
  return { doc, snapshot: included, last: { sequence: at.sequence, at: at.at } };
}

/** The document at the moment alone. `keepsDeleted`: with the content that was deleted by then, as far as it is there. */
export function docAt({ doc, snapshot }: HistoryDoc, keepsDeleted = false): Y.Doc {
  return Y.createDocFromSnapshot(doc, snapshot, new Y.Doc({ gc: !keepsDeleted }));
}

/** How many of the marks are from before a moment, or from its second. */
function countUntil(marks: readonly Mark[], moment: Moment): number {
  const index = marks.findIndex(({ row, second }) =>
    "sequence" in moment ? row > moment.sequence : second * 1_000 > moment.at,
  );
  return index === -1 ? marks.length : index;
}

/** The state of a document after the changes of these marks, which are not applied yet. */
function snapshotAfter(doc: Y.Doc, marks: readonly Mark[]): Y.Snapshot {
  const { sv, ds } = Y.snapshot(doc);
  const clocks = new Map(sv);
  const deleted = Y.createDeleteSet();
  for (const { inserted, deleted: ranges } of marks) {
    for (const { client, clock, length } of inserted) clocks.set(client, clock + length);
    for (const { client, clock, length } of ranges) {
      const ofClient = deleted.clients.get(client) ?? [];
      deleted.clients.set(client, ofClient);
      ofClient.push({ clock, len: length });
    }
  }
  // Ranges of concurrent deletes overlap, which the encoding of a delete set does not allow.
  return Y.createSnapshot(Y.mergeDeleteSets([ds, deleted]), clocks);
}
