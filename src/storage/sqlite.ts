import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { migrate, migrations } from "./migrations.ts";
import {
  type DocumentInfo,
  type Page,
  type PendingUpdate,
  type RowId,
  type Store,
  type StoredDocument,
  type StoredUpdate,
  StoreError,
  type StoreErrorKind,
} from "./store.ts";

/** How long another program's write lock is waited out. The wait blocks the event loop, so it is short. */
const busyTimeoutMs = 500;

/** At most 256 bytes of name each. A miss costs one indexed look-up (3 µs), so what is forgotten does not matter. */
const cachedDocuments = 10_000;

/** Row ids that one write to `row_ids` makes available. */
const reservedRows = 1_000_000;

/**
 * A store in one SQLite file.
 *
 * Throws `StoreError` when the file cannot be used, and `DatabaseIsNewer`; the file is untouched then. Nobody else may
 * write to the file while the store is open: see `openDataFolder`.
 */
export function openSqliteStore(file: string): Store {
  return translateErrors(() => {
    const database = new Database(file, { create: true, readwrite: true, strict: true });
    try {
      prepareDatabase(database);
      return new SqliteStore(database);
    } catch (error) {
      database.close(true);
      throw error;
    }
  });
}

function prepareDatabase(database: Database): void {
  database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  // First, so that a file that is refused has not been written to.
  migrate(database, migrations);
  database.run("PRAGMA journal_mode = WAL");
  // A commit survives the death of the process; SQLite itself syncs at checkpoints only.
  database.run("PRAGMA synchronous = NORMAL");
}

interface DocumentRow {
  readonly id: number;
  readonly base: RowId | null;
}

class SqliteStore implements Store {
  readonly #database: Database;
  readonly #findDocument: Statement<DocumentRow, [name: string]>;
  readonly #insertDocument: Statement<{ id: number }, [name: string]>;
  readonly #setBase: Statement<void, [base: RowId, document: number]>;
  readonly #deleteDocument: Statement<void, [document: number]>;
  readonly #selectUpdates: Statement<StoredUpdate, [document: number]>;
  readonly #selectRows: Statement<{ row: RowId }, [document: number, first: RowId, last: RowId, base: RowId | null]>;
  readonly #insertUpdate: Statement<void, [document: number, row: RowId, update: Uint8Array]>;
  readonly #deleteUpdates: Statement<void, [document: number, first: RowId, last: RowId]>;
  readonly #selectPage: Statement<DocumentInfo, [from: string, after: string | null, limit: number]>;
  readonly #reserveRows: Statement<void, [reserved: RowId]>;
  /** Ids of documents by name, for `append`. */
  readonly #documentIds = new Map<string, number>();
  #nextRow: RowId;
  #reserved: RowId;

  constructor(database: Database) {
    this.#database = database;
    this.#findDocument = database.prepare("SELECT id, base FROM documents WHERE name = ?");
    this.#insertDocument = database.prepare("INSERT INTO documents (name) VALUES (?) RETURNING id");
    this.#setBase = database.prepare("UPDATE documents SET base = ? WHERE id = ?");
    this.#deleteDocument = database.prepare("DELETE FROM documents WHERE id = ?");
    this.#selectUpdates = database.prepare(
      `SELECT id AS "row", data AS "update" FROM updates WHERE document = ? ORDER BY id`,
    );
    this.#selectRows = database.prepare(
      `SELECT id AS "row" FROM updates WHERE document = ? AND id BETWEEN ? AND ? AND id IS NOT ?`,
    );
    this.#insertUpdate = database.prepare("INSERT INTO updates (document, id, data) VALUES (?, ?, ?)");
    this.#deleteUpdates = database.prepare("DELETE FROM updates WHERE document = ? AND id BETWEEN ? AND ?");
    this.#selectPage = database.prepare(
      `SELECT name, total(length(data)) AS bytes, count(updates.id) AS "rows"
       FROM (SELECT id, name FROM documents WHERE name >= ? AND name IS NOT ? ORDER BY name LIMIT ?) AS page
       JOIN updates ON updates.document = page.id GROUP BY name ORDER BY name`,
    );
    this.#reserveRows = database.prepare("UPDATE row_ids SET reserved = ?");
    const rowIds = database.prepare<{ reserved: RowId }, []>("SELECT reserved FROM row_ids").get();
    if (rowIds === null) throw new StoreError("corrupt", "The row ids that are in use are not known.");
    this.#nextRow = rowIds.reserved;
    this.#reserved = rowIds.reserved;
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    return translateErrors(() => {
      const found = this.#findDocument.get(document);
      if (found === null) return undefined;
      const updates = this.#selectUpdates.all(found.id);
      return {
        base: updates.find(({ row }) => row === found.base),
        tail: updates.filter(({ row }) => row !== found.base),
      };
    });
  }

  async append(batch: readonly PendingUpdate[]): Promise<readonly RowId[]> {
    return this.#write(batch.length, () =>
      batch.map(({ document, update }) => this.#insert(this.#documentId(document), update)),
    );
  }

  async compact(document: string, rows: readonly RowId[], base: Uint8Array): Promise<RowId> {
    return this.#write(1, () => {
      const found = this.#findDocument.get(document);
      if (found === null || !this.#deleteRows(found, rows)) {
        throw new StoreError("unavailable", "The rows to compact are not those of the document any more.");
      }
      const row = this.#insert(found.id, base);
      this.#setBase.run(row, found.id);
      return row;
    });
  }

  async list({ after, limit }: Page): Promise<readonly DocumentInfo[]> {
    return translateErrors(() => this.#selectPage.all(after ?? "", after ?? null, limit));
  }

  async remove(document: string): Promise<void> {
    this.#write(0, () => {
      const found = this.#findDocument.get(document);
      if (found === null) return;
      this.#deleteUpdates.run(found.id, 0, this.#nextRow);
      this.#deleteDocument.run(found.id);
    });
    this.#documentIds.delete(document);
  }

  async close(): Promise<void> {
    translateErrors(() => {
      try {
        this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      } finally {
        this.#database.close(true);
      }
    });
  }

  /** Runs `task`, which inserts up to `rows` updates, in one transaction. */
  #write<Result>(rows: number, task: () => Result): Result {
    try {
      return translateErrors(() => {
        this.#reserve(rows);
        return this.#database.transaction(task).immediate();
      });
    } catch (error) {
      // Documents that the transaction would have created are not there.
      this.#documentIds.clear();
      throw error;
    }
  }

  /** Ids are never used again, not even those of a transaction that was rolled back. */
  #reserve(rows: number): void {
    if (this.#nextRow + rows <= this.#reserved) return;
    const reserved = this.#nextRow + rows + reservedRows;
    this.#reserveRows.run(reserved);
    this.#reserved = reserved;
  }

  #documentId(name: string): number {
    const cached = this.#documentIds.get(name);
    if (cached !== undefined) return cached;
    const id = (this.#findDocument.get(name) ?? this.#insertDocument.get(name))?.id;
    if (id === undefined) throw new Error("INSERT … RETURNING has returned nothing.");
    if (this.#documentIds.size >= cachedDocuments) this.#documentIds.clear();
    this.#documentIds.set(name, id);
    return id;
  }

  #insert(document: number, update: Uint8Array): RowId {
    const row = this.#nextRow++;
    this.#insertUpdate.run(document, row, update);
    return row;
  }

  /**
   * Deletes the base and the first of the tail, or nothing: false when `rows` are something else.
   *
   * By range, because that stalls the event loop least: 100,000 rows take 60 ms, one by one 100, as a list in SQL 180.
   */
  #deleteRows({ id, base }: DocumentRow, rows: readonly RowId[]): boolean {
    const expected = new Set(rows);
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    for (const row of expected) {
      // The base is younger than the first of the tail: with it the range would reach too far.
      if (row === base) continue;
      first = Math.min(first, row);
      last = Math.max(last, row);
    }
    const found = this.#selectRows.all(id, first, last, base).map(({ row }) => row);
    if (base !== null) found.push(base);
    if (found.length !== expected.size || !found.every((row) => expected.has(row))) return false;
    this.#deleteUpdates.run(id, first, last);
    if (base !== null) this.#deleteUpdates.run(id, base, base);
    return true;
  }
}

function translateErrors<Result>(task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    if (error instanceof SQLiteError) throw new StoreError(kindOf(error), error.message, { cause: error });
    throw error;
  }
}

function kindOf({ code }: SQLiteError): StoreErrorKind {
  if (code === "SQLITE_FULL") return "full";
  return code?.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB" ? "corrupt" : "unavailable";
}
