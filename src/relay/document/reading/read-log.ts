import type { RowId, StoredDocument, StoredUpdate } from "../../../storage/store.ts";
import { readBaseDeletes } from "../../update/base-summary.ts";
import type { IdSet } from "../../update/id-set.ts";
import type { DecodedUpdate } from "../../update/trim-update.ts";
import { type ContentCounts, countsOf, type UpdateContents } from "../../update/update-contents.ts";
import { withoutRepetition } from "../comparison/without-repetition.ts";
import { type Base, DocumentContent, readBase } from "../document-content.ts";
import { type ReadParts, storedContents } from "./stored-contents.ts";

/**
 * Whether the log that is read is the `same` as the known one, with more rows and fewer, or an `other` one after a loss of
 * the store, in which a known row may be another update.
 */
export type LogRelation = "same" | "other";

/** The part of a log that is known before it is read again. */
export interface KnownLog {
  readonly rows: ReadonlySet<RowId>;
  readonly structs: readonly IdSet[];
  /** Undefined if the deletes are not in memory. */
  readonly deletes: readonly IdSet[] | undefined;
}

/** A log that was read from the store, with the updates that were committed later. */
export interface ReadLog {
  readonly content: DocumentContent;
  /** The structs of base and tail. */
  readonly contents: readonly Pick<UpdateContents, "structs">[];
  readonly counts: ContentCounts;
  readonly baseBytes: number;
  readonly tailBytes: number;
  /** The parts of the log that are not known. */
  addedTo(known: KnownLog): readonly DecodedUpdate[];
}

/** `later`: updates committed since the log was read. Throws `StoreError` corrupt for a row that is no Yjs update. */
export function readLog(stored: StoredDocument | undefined, read: ReadParts, later: readonly StoredUpdate[]): ReadLog {
  const base = stored?.base && readBase(stored.base, read.summary);
  for (const each of later) read.deletes?.addAll(storedContents(each).deletes);
  const tail = [...(stored?.tail ?? []), ...later].map((entry) => ({
    ...entry,
    contents: read.contents.get(entry.row) ?? storedContents(entry),
  }));
  const ofBase = base === undefined ? [] : [base.summary];
  const counts = [...ofBase.map((summary) => summary.counts), ...tail.map(({ contents }) => countsOf(contents))];
  return {
    content: new DocumentContent(base, tail, read.deletes),
    contents: [...ofBase, ...tail.map(({ contents }) => contents)],
    counts: {
      structs: sumOf(counts, ({ structs }) => structs),
      deletedRanges: sumOf(counts, ({ deletedRanges }) => deletedRanges),
    },
    baseBytes: base?.update.byteLength ?? 0,
    tailBytes: sumOf(tail, ({ update }) => update.byteLength),
    addedTo(known) {
      const added = base === undefined || isBaseKnown(base, known) ? [] : [base];
      const decoded = added.map((entry) => ({ ...entry, ...(read.baseRest ?? { contents: storedContents(entry) }) }));
      return [...decoded, ...tail].flatMap((entry) => withoutKnown(entry, known));
    },
  };
}

/** Whether the base has nothing new. The base itself is decoded only if it has. */
export function isBaseKnown(base: Base, { deletes, rows, structs }: KnownLog): boolean {
  if (rows.has(base.row)) return true;
  if (deletes === undefined || !base.summary.structs.isWithin(structs)) return false;
  return readBaseDeletes(base.update, base.summary).isWithin(deletes);
}

function withoutKnown(
  { row, update, contents }: StoredUpdate & DecodedUpdate,
  { deletes = [], rows, structs }: KnownLog,
): readonly DecodedUpdate[] {
  if (rows.has(row)) return [];
  if (contents.structs.isWithin(structs) && contents.deletes.isWithin(deletes)) return [];
  return [withoutRepetition({ update, contents }, structs, deletes)];
}

function sumOf<Item>(items: readonly Item[], amountOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + amountOf(item), 0);
}
