import type { Database } from "bun:sqlite";
import type { DocumentInfo, RowId, StoredUpdate } from "../store.ts";

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
    insertDocument: database.prepare<{ id: number }, [name: string]>(
      "INSERT INTO documents (name) VALUES (?) RETURNING id",
    ),
    setBase: database.prepare<void, [base: RowId, summary: Uint8Array, document: number]>(
      "UPDATE documents SET base = ?, summary = ? WHERE id = ?",
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
    deleteQuarantined: database.prepare<void, [document: number]>("DELETE FROM quarantined WHERE document = ?"),
    selectPage: database.prepare<DocumentInfo, [from: string, after: string | null, limit: number]>(
      `SELECT name, total(length(data)) AS bytes, count(updates.id) AS "rows",
         count(updates.id) - (base IS NOT NULL) AS tailRows
       FROM (SELECT id, name, base FROM documents WHERE name >= ? AND name IS NOT ? ORDER BY name LIMIT ?) AS page
       JOIN updates ON updates.document = page.id GROUP BY name ORDER BY name`,
    ),
    selectReserved: database.prepare<{ reserved: RowId }, []>("SELECT reserved FROM row_ids"),
    reserveRows: database.prepare<void, [reserved: RowId]>("UPDATE row_ids SET reserved = ?"),
    countFrames: database.prepare<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(NOOP)"),
  };
}
