import { replacedTail } from "../../compaction/replaced-tail.ts";
import { mayPurge } from "../../may-purge.ts";
import { type Compaction, type RowId, StoreError } from "../../store.ts";
import type { Connection } from "../connection.ts";
import { addHistory, deleteHistory } from "../history/write-history.ts";
import type { Append } from "../journal/journal.ts";
import type { DocumentRow, UpdateRow } from "../statements.ts";

/** Inserts a row, and returns its id. */
export type InsertRow = (row: Omit<UpdateRow, "row">) => RowId;

/** Appends updates to the table, at a time in epoch milliseconds, and returns their rows. Called in a transaction. */
export function appendRows(
  { batch, at }: Pick<Append, "batch" | "at">,
  { documentIds, rowIds }: Connection,
  insert: InsertRow,
): readonly RowId[] {
  return batch.map(({ document: name, update, user }) => {
    const document = documentIds.findOrCreate(name, rowIds.last, at);
    return insert({ document, update, at, user });
  });
}

/** A compaction in the tables. */
export interface CompactedRows {
  /** The number of the document. */
  readonly document: number;
  /** The last row of the tail that the base replaces; 0 if it replaces the former base alone. */
  readonly last: RowId;
  /** The row of the base. */
  readonly row: RowId;
}

/**
 * Replaces rows of a document by a base, which `insert` inserts. Called in a transaction. Throws `StoreError` if they are
 * other rows than the document's.
 */
export function compactRows(
  name: string,
  { base, summary, rows, quarantined, history }: Compaction,
  connection: Connection,
  insert: InsertRow,
): CompactedRows {
  const { journal, statements } = connection;
  const found = statements.findDocument.get(name);
  if (found !== null) for (const each of quarantined) quarantineRow(found.id, each, connection);
  const inTable = found === null ? null : statements.selectLastUpdate.get(found.id, found.base);
  const last = found === null ? undefined : deleteRows(found, rows, connection);
  if (found === null || last === undefined) {
    throw new StoreError("unavailable", "The rows to compact have changed.");
  }
  // The base has no time, and keeps none of the rows.
  if (inTable !== null) statements.setLastUpdate.run(inTable.row, inTable.at, found.id);
  const journaled = journal.lastOf(found.id, last);
  if (journaled !== undefined) statements.setLastUpdate.run(journaled.row, journaled.at ?? null, found.id);
  const row = insert({ document: found.id, update: base, at: undefined, user: undefined });
  statements.setBase.run(row, summary, last, found.id);
  // Without rows of the tail the document has not changed.
  if (last > 0) addHistory(found, history, statements.history);
  return { document: found.id, last, row };
}

/** Deletes the rows of a document. Called in a transaction. Returns its number, if there is one. */
export function purgeRows(
  name: string,
  deletedUntil: number | undefined,
  { documentIds, rowIds, statements, tableSums, webhooks }: Connection,
): number | undefined {
  const found = statements.findDocument.get(name);
  if (found === null || !mayPurge(found, deletedUntil)) return undefined;
  statements.deleteUpdates.run(found.id, 0, rowIds.last);
  statements.deleteQuarantined.run(found.id);
  deleteHistory(found.id, statements.history);
  statements.deleteDocument.run(found.id);
  documentIds.delete(name);
  webhooks.deleteContents(name);
  tableSums.forget(found.id);
  webhooks.record({ type: "doc.purged", document: name, sequence: rowIds.last });
  webhooks.statements.deleteCursorsOf.run(name);
  return found.id;
}

/**
 * Marks a document as deleted at `at` (epoch milliseconds), or takes that back with null. Called in a transaction. Returns
 * false if there is no such document.
 */
export function setDeletedAt(name: string, at: number | null, { rowIds, statements, webhooks }: Connection): boolean {
  const found = statements.findDocument.get(name);
  if (found === null) return false;
  // The time of the first deletion stays.
  if ((found.deletedAt === null) === (at === null)) return true;
  statements.setDeletedAt.run(at, found.id);
  const type = at === null ? "doc.undeleted" : "doc.deleted";
  webhooks.record({ type, document: name, sequence: rowIds.last });
  return true;
}

function quarantineRow(document: number, row: RowId, { journal, statements }: Connection): void {
  if (journal.has(document, row)) statements.insertQuarantined.run(document, row, journal.updateAt(row));
  else statements.quarantine.run(document, row);
}

/**
 * Deletes the base and the first rows of the tail, those in the journal excepted. Returns the last of these rows of the
 * tail, or 0 if `rows` is the base alone. Returns undefined and deletes none if `rows` are other rows.
 *
 * The rows are deleted by range, which blocks the event loop least: 100,000 rows take 60 ms, one by one 100 ms, as a
 * list in SQL 180 ms. Ids are never reused: rows of the same number and sum, in the range that `rows` span, are
 * `rows`.
 */
function deleteRows(
  { id, base }: DocumentRow,
  rows: readonly RowId[],
  { journal, statements }: Connection,
): RowId | undefined {
  const { count, first, last, sum } = replacedTail(rows, base);
  const inTable = statements.countRows.get(id, first, last, base) ?? { count: 0, sum: 0 };
  const inJournal = journal.countUntil(id, last);
  if (inTable.count + inJournal.count !== count || inTable.sum + inJournal.sum !== sum) return undefined;
  if (rows.length - count !== (base === null ? 0 : 1)) return undefined;
  if (inTable.count > 0) statements.deleteUpdates.run(id, first, last);
  if (base !== null) statements.deleteUpdates.run(id, base, base);
  return last;
}
