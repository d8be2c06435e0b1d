import type { Database } from "bun:sqlite";
import type { RowId, StoredUpdate } from "../store.ts";
import { prepareHistoryStatements } from "./history/history-statements.ts";
import type { JournalRecord } from "./journal/journal-record.ts";

export interface DocumentRow {
  readonly id: number;
  readonly base: RowId | null;
  readonly summary: Uint8Array | null;
  /** As in `DocumentFactsRow`. */
  readonly lastCompacted: RowId;
  readonly updatedAt: number | null;
  readonly deletedAt: number | null;
  /** As the column `history_end`. */
  readonly historyEnd: RowId | null;
}

/** The facts about a document in the table `documents`. */
export interface DocumentFactsRow {
  readonly id: number;
  readonly name: string;
  readonly base: RowId | null;
  /** The last update that a compaction has replaced; 0 if there is none. */
  readonly lastCompacted: RowId;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly deletedAt: number | null;
}

/** The last update of a document in the table `updates`, its base excepted. */
interface LastRow {
  readonly row: RowId;
  /** The time of the append, in epoch milliseconds. */
  readonly at: number | null;
}

/** An update for the table `updates`. */
export interface UpdateRow extends StoredUpdate {
  /** The document's number. */
  readonly document: number;
  /** The time of the append, in epoch milliseconds. Undefined for a base, and for an update of an earlier release. */
  readonly at: number | undefined;
  /** The id of the user who has sent it, if known. */
  readonly user: string | undefined;
}

/** The parameters of a statement that writes an update. */
export type UpdateParameters = [
  document: number,
  row: RowId,
  update: Uint8Array,
  at: number | null,
  user: string | null,
];

export function updateParameters({ document, row, update, at, user }: UpdateRow): UpdateParameters {
  return [document, row, update, at ?? null, user ?? null];
}

/** The columns of a page of documents, and of one document. */
const facts = `SELECT id, name, base, last_update AS lastCompacted, created_at AS createdAt, updated_at AS updatedAt,
   deleted_at AS deletedAt FROM documents`;

/** The documents of a page, as `Page.state` names them. */
const states = { present: "deleted_at IS NULL", deleted: "deleted_at IS NOT NULL", any: "TRUE" } as const;

/** The store's statements, prepared on one connection. */
export type Statements = ReturnType<typeof prepareStatements>;

export function prepareStatements(database: Database) {
  return {
    findDocument: database.prepare<DocumentRow, [name: string]>(
      `SELECT id, base, summary, last_update AS lastCompacted, updated_at AS updatedAt, deleted_at AS deletedAt,
         history_end AS historyEnd
       FROM documents WHERE name = ?`,
    ),
    insertDocument: database.prepare<{ id: number }, [name: string, folded: RowId, createdAt: number]>(
      "INSERT INTO documents (name, folded, created_at) VALUES (?, ?, ?) RETURNING id",
    ),
    setLastUpdate: database.prepare<void, [row: RowId, at: number | null, document: number]>(
      "UPDATE documents SET last_update = ?1, updated_at = ?2 WHERE id = ?3 AND last_update < ?1",
    ),
    setDeletedAt: database.prepare<void, [deletedAt: number | null, document: number]>(
      "UPDATE documents SET deleted_at = ? WHERE id = ?",
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
    insertUpdate: database.prepare<void, UpdateParameters>(
      "INSERT INTO updates (document, id, data, at, user) VALUES (?, ?, ?, ?, ?)",
    ),
    replaceUpdate: database.prepare<void, UpdateParameters>(
      "REPLACE INTO updates (document, id, data, at, user) VALUES (?, ?, ?, ?, ?)",
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
    selectPage: {
      present: preparePage(database, states.present),
      deleted: preparePage(database, states.deleted),
      any: preparePage(database, states.any),
    },
    selectInfo: database.prepare<DocumentFactsRow, [name: string]>(`${facts} WHERE name = ?`),
    ...prepareSums(database),
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
    countFreePages: database.prepare<{ pages: number }, []>(
      "SELECT freelist_count AS pages FROM pragma_freelist_count",
    ),
    insertScrubbed: database.prepare<void, [bytes: number]>("INSERT INTO scrubbed VALUES (zeroblob(?))"),
    deleteScrubbed: database.prepare<void, []>("DELETE FROM scrubbed WHERE rowid = (SELECT max(rowid) FROM scrubbed)"),
    history: prepareHistoryStatements(database),
    countFrames: database.prepare<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(NOOP)"),
  };
}

/** The statements that sum up the rows of a document. The one of bytes does not read the updates themselves. */
function prepareSums(database: Database) {
  return {
    selectLastUpdate: database.prepare<LastRow, [document: number, base: RowId | null]>(
      `SELECT id AS "row", at FROM updates WHERE document = ? AND id IS NOT ? ORDER BY id DESC LIMIT 1`,
    ),
    sumUpdates: database.prepare<{ bytes: number; rows: number }, [document: number]>(
      `SELECT total(length(data)) AS bytes, count(*) AS "rows" FROM updates WHERE document = ?`,
    ),
  };
}

/** The rows of one document in the table `updates`, summed up, those of its base included. */
export interface ScannedRow {
  readonly document: number;
  readonly bytes: number;
  readonly rows: number;
  /** The last of them, which may be the base. */
  readonly last: RowId;
  readonly at: number | null;
}

/** The statements that rank documents, on a connection that only reads. */
export function prepareRanking(database: Database, state: keyof typeof states) {
  const isNamed = "WHERE name >= ? AND name < ?";
  type Names = [first: string, end: string | Uint8Array];
  return {
    ...prepareSums(database),
    countNames: database.prepare<{ found: number; highest: number | null }, Names>(
      `SELECT count(*) AS found, (SELECT max(id) FROM documents) AS highest FROM documents ${isNamed}`,
    ),
    selectDocuments: database.prepare<DocumentFactsRow, Names>(`${facts} ${isNamed} AND ${states[state]} ORDER BY id`),
    // `at` is that of the row with the greatest id (SQLite's rule for a bare column beside max).
    scanUpdates: database.prepare<ScannedRow, []>(
      `SELECT document, total(length(data)) AS bytes, count(*) AS "rows", max(id) AS last, at FROM updates
       GROUP BY document ORDER BY document`,
    ),
  };
}

export type RankingStatements = ReturnType<typeof prepareRanking>;

/** A page of the documents with names from `first` on and before `end`, that of `after` excepted. */
function preparePage(database: Database, condition: string) {
  return database.prepare<
    DocumentFactsRow,
    [first: string, after: string | null, end: string | Uint8Array, limit: number]
  >(
    `${facts} WHERE name >= max(?1, coalesce(?2, ?1)) AND name IS NOT ?2 AND name < ?3 AND ${condition}
     ORDER BY name LIMIT ?4`,
  );
}
