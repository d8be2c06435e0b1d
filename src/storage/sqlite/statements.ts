import type { Database } from "bun:sqlite";
import type { DocumentInfo, RowId, StoredUpdate } from "../store.ts";
import type { JournalRecord } from "./journal/journal-record.ts";

export interface DocumentRow {
  readonly id: number;
  readonly base: RowId | null;
  readonly summary: Uint8Array | null;
}

/** The store's statements, prepared on one connection. */
export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: Database) {
  return {
    findDocument: database.prepare<DocumentRow, [name: string]>(
      "SELECT id, base, summary FROM documents WHERE name = ?",
    ),
    insertDocument: database.prepare<{ id: number }, [name: string, folded: RowId]>(
      "INSERT INTO documents (name, folded) VALUES (?, ?) RETURNING id",
    ),
    setBase: database.prepare<void, [base: RowId, summary: Uint8Array, folded: RowId, document: number]>(
      "UPDATE documents SET base = ?, summary = ?, folded = max(folded, ?) WHERE id = ?",
    ),
    deleteDocument: database.prepare<void, [document: number]>("DELETE FROM documents WHERE id = ?"),
    selectUpdates: database.prepare<StoredUpdate, [document: number]>(
      `SELECT id AS "row", data AS "update" FROM updates WHERE document = ? ORDER BY id`,
    ),
    countRows: database.prepare<
      { count: number; sum: number },
      [document: number, first: RowId, last: RowId, base: RowId | null]
    >(
      "SELECT count(*) AS count, total(id) AS sum FROM updates WHERE document = ? AND id BETWEEN ? AND ? AND id IS NOT ?",
    ),
    insertUpdate: database.prepare<void, [document: number, row: RowId, update: Uint8Array]>(
      "INSERT INTO updates (document, id, data) VALUES (?, ?, ?)",
    ),
    replaceUpdate: database.prepare<void, [document: number, row: RowId, update: Uint8Array]>(
      "REPLACE INTO updates (document, id, data) VALUES (?, ?, ?)",
    ),
    deleteUpdates: database.prepare<void, [document: number, first: RowId, last: RowId]>(
      "DELETE FROM updates WHERE document = ? AND id BETWEEN ? AND ?",
    ),
    selectQuarantined: database.prepare<StoredUpdate, [document: number]>(
      `SELECT id AS "row", data AS "update" FROM quarantined WHERE document = ? ORDER BY id`,
    ),
    quarantine: database.prepare<void, [document: number, row: RowId]>(
      "INSERT INTO quarantined SELECT document, id, data FROM updates WHERE document = ? AND id = ?",
    ),
    insertQuarantined: database.prepare<void, [document: number, row: RowId, update: Uint8Array]>(
      "INSERT INTO quarantined (document, id, data) VALUES (?, ?, ?)",
    ),
    deleteQuarantined: database.prepare<void, [document: number]>("DELETE FROM quarantined WHERE document = ?"),
    selectPage: database.prepare<DocumentInfo & { id: number }, [from: string, after: string | null, limit: number]>(
      `SELECT page.id, name, total(length(data)) AS bytes, count(updates.id) AS "rows",
         count(updates.id) - (base IS NOT NULL) AS tailRows
       FROM (SELECT id, name, base FROM documents WHERE name >= ? AND name IS NOT ? ORDER BY name LIMIT ?) AS page
       LEFT JOIN updates ON updates.document = page.id GROUP BY name ORDER BY name`,
    ),
    insertJournal: database.prepare<void, [id: RowId, data: Uint8Array]>(
      "INSERT INTO journal (id, data) VALUES (?, ?)",
    ),
    replaceJournal: database.prepare<void, [id: RowId, data: Uint8Array]>(
      "REPLACE INTO journal (id, data) VALUES (?, ?)",
    ),
    selectJournalAt: database.prepare<JournalRecord, [row: RowId]>(
      "SELECT id, data FROM journal WHERE id <= ? ORDER BY id DESC LIMIT 1",
    ),
    selectJournalAfter: database.prepare<JournalRecord, [after: RowId, end: RowId]>(
      "SELECT id, data FROM journal WHERE id > ? AND id < ? ORDER BY id LIMIT 1",
    ),
    selectJournalBytes: database.prepare<{ bytes: number }, []>("SELECT total(length(data)) AS bytes FROM journal"),
    deleteJournal: database.prepare<void, [last: RowId]>("DELETE FROM journal WHERE id <= ?"),
    selectReserved: database.prepare<{ reserved: RowId }, []>("SELECT reserved FROM row_ids"),
    reserveRows: database.prepare<void, [reserved: RowId]>("UPDATE row_ids SET reserved = ?"),
    countFrames: database.prepare<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(NOOP)"),
  };
}
