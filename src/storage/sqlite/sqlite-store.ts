import { Database, type Statement } from "bun:sqlite";
import type { Metrics } from "../../ops/metrics.ts";
import {
  type Compaction,
  type DocumentInfo,
  type Page,
  type PendingUpdate,
  type RowId,
  type Store,
  type StoredDocument,
  type StoredUpdate,
  StoreError,
} from "../store.ts";
import { checkDatabase } from "./database-file.ts";
import { migrate, migrations } from "./migrations.ts";
import { translateErrors } from "./sqlite-errors.ts";
import { type WalFrames, WriteAheadLog } from "./write-ahead-log.ts";

/** The wait for another program's write lock. It blocks the event loop, so it is short. */
const busyTimeoutMs = 500;

/** The size of the cache of document ids, with names of at most 256 bytes. A miss costs one indexed look-up (3 µs). */
const cachedDocuments = 10_000;

/** The number of row ids that one write to `row_ids` reserves. */
const reservedRows = 1_000_000;

/**
 * Opens a store in one SQLite file.
 *
 * Throws `StoreError` if the file cannot be used, or `DatabaseIsNewer`; the file and its companions are not modified
 * then. No other process may write to the file while the store is open: see `openDataFolder`.
 */
export function openSqliteStore(file: string, metrics: Metrics): Store {
  checkDatabase(file);
  return translateErrors(() => {
    const database = new Database(file, { create: true, readwrite: true, strict: true });
    try {
      prepareDatabase(database);
      return new SqliteStore(database, file, metrics);
    } catch (error) {
      database.close(true);
      throw error;
    }
  });
}

function prepareDatabase(database: Database): void {
  database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  // The migration comes first, so that a file that it rejects has not been written to.
  migrate(database, migrations);
  database.run("PRAGMA journal_mode = WAL");
  // A commit survives the death of the process; `durable` makes it survive a power loss.
  database.run("PRAGMA synchronous = NORMAL");
  // `WriteAheadLog` makes the checkpoints.
  database.run("PRAGMA wal_autocheckpoint = 0");
}

interface DocumentRow {
  readonly id: number;
  readonly base: RowId | null;
  readonly summary: Uint8Array | null;
}

/** The updates by row that may not be on disk yet, with the ids of their documents. */
type Unsynced = Map<RowId, { readonly document: number; readonly update: Uint8Array }>;

class SqliteStore implements Store {
  readonly #database: Database;
  readonly #findDocument: Statement<DocumentRow, [name: string]>;
  readonly #insertDocument: Statement<{ id: number }, [name: string]>;
  readonly #setBase: Statement<void, [base: RowId, summary: Uint8Array, document: number]>;
  readonly #deleteDocument: Statement<void, [document: number]>;
  readonly #selectUpdates: Statement<StoredUpdate, [document: number]>;
  readonly #countRows: Statement<
    { count: number; sum: number },
    [document: number, first: RowId, last: RowId, base: RowId | null]
  >;
  readonly #insertUpdate: Statement<void, [document: number, row: RowId, update: Uint8Array]>;
  readonly #replaceUpdate: Statement<void, [document: number, row: RowId, update: Uint8Array]>;
  readonly #deleteUpdates: Statement<void, [document: number, first: RowId, last: RowId]>;
  readonly #selectQuarantined: Statement<StoredUpdate, [document: number]>;
  readonly #quarantine: Statement<void, [document: number, row: RowId]>;
  readonly #deleteQuarantined: Statement<void, [document: number]>;
  readonly #selectPage: Statement<DocumentInfo, [from: string, after: string | null, limit: number]>;
  readonly #reserveRows: Statement<void, [reserved: RowId]>;
  /** Ids of documents by name, for `append`. */
  readonly #documentIds = new Map<string, number>();
  readonly #wal: WriteAheadLog;
  /** Runs a task in a transaction. One for all: to make it takes half as long as the transaction. */
  readonly #atomically: { immediate(task: () => unknown): unknown };
  /** Since the last sync began, or a failed one before it. */
  #unsynced: Unsynced = new Map();
  /** The last sync failed: see `durable`. */
  #mustRewrite = false;
  /** By the transaction under way. */
  #insertedBytes = 0;
  #nextRow: RowId;
  #reserved: RowId;

  constructor(database: Database, file: string, metrics: Metrics) {
    this.#database = database;
    this.#atomically = database.transaction((task: () => unknown) => task());
    this.#findDocument = database.prepare("SELECT id, base, summary FROM documents WHERE name = ?");
    this.#insertDocument = database.prepare("INSERT INTO documents (name) VALUES (?) RETURNING id");
    this.#setBase = database.prepare("UPDATE documents SET base = ?, summary = ? WHERE id = ?");
    this.#deleteDocument = database.prepare("DELETE FROM documents WHERE id = ?");
    this.#selectUpdates = database.prepare(
      `SELECT id AS "row", data AS "update" FROM updates WHERE document = ? ORDER BY id`,
    );
    this.#countRows = database.prepare(
      "SELECT count(*) AS count, total(id) AS sum FROM updates WHERE document = ? AND id BETWEEN ? AND ? AND id IS NOT ?",
    );
    this.#insertUpdate = database.prepare("INSERT INTO updates (document, id, data) VALUES (?, ?, ?)");
    this.#replaceUpdate = database.prepare("REPLACE INTO updates (document, id, data) VALUES (?, ?, ?)");
    this.#deleteUpdates = database.prepare("DELETE FROM updates WHERE document = ? AND id BETWEEN ? AND ?");
    this.#selectQuarantined = database.prepare(
      `SELECT id AS "row", data AS "update" FROM quarantined WHERE document = ? ORDER BY id`,
    );
    this.#quarantine = database.prepare(
      "INSERT INTO quarantined SELECT document, id, data FROM updates WHERE document = ? AND id = ?",
    );
    this.#deleteQuarantined = database.prepare("DELETE FROM quarantined WHERE document = ?");
    const countFrames = database.prepare<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(NOOP)");
    const frames = (): WalFrames => {
      const { log = 0, checkpointed = 0 } = countFrames.get() ?? {};
      return { all: log, checkpointed };
    };
    this.#wal = new WriteAheadLog({ file, frames, metrics });
    this.#selectPage = database.prepare(
      `SELECT name, total(length(data)) AS bytes, count(updates.id) AS "rows",
         count(updates.id) - (base IS NOT NULL) AS tailRows
       FROM (SELECT id, name, base FROM documents WHERE name >= ? AND name IS NOT ? ORDER BY name LIMIT ?) AS page
       JOIN updates ON updates.document = page.id GROUP BY name ORDER BY name`,
    );
    this.#reserveRows = database.prepare("UPDATE row_ids SET reserved = ?");
    const rowIds = database.prepare<{ reserved: RowId }, []>("SELECT reserved FROM row_ids").get();
    if (rowIds === null) throw new StoreError("corrupt", "The table row_ids is empty.");
    this.#nextRow = rowIds.reserved;
    this.#reserved = rowIds.reserved;
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    await this.#untilWritable();
    return translateErrors(() => {
      const found = this.#findDocument.get(document);
      if (found === null) return undefined;
      const updates = this.#selectUpdates.all(found.id);
      const base = updates.find(({ row }) => row === found.base);
      return {
        base: base && { ...base, summary: found.summary ?? undefined },
        tail: updates.filter(({ row }) => row !== found.base),
        quarantined: this.#selectQuarantined.all(found.id),
      };
    });
  }

  async append(batch: readonly PendingUpdate[]): Promise<readonly RowId[]> {
    await this.#untilWritable();
    return this.#write(batch.length, () =>
      batch.map(({ document, update }) => this.#insert(this.#documentId(document), update)),
    );
  }

  /**
   * A failed sync has marked the log's pages as clean (Linux), so that the next sync would not report them; and all
   * frames behind a missing page are lost with it. Therefore the log is moved into the database, which is synced then,
   * and the unsynced updates are written again into a log that starts from the beginning.
   */
  async durable(): Promise<void> {
    if (this.#mustRewrite) {
      await this.#wal.checkpointFully();
      this.#rewrite();
    }
    const syncing = this.#unsynced;
    this.#unsynced = new Map();
    try {
      await this.#wal.sync();
      this.#mustRewrite = false;
    } catch (error) {
      this.#mustRewrite = true;
      for (const [row, update] of this.#unsynced) syncing.set(row, update);
      this.#unsynced = syncing;
      throw error;
    }
  }

  async compact(document: string, { base, summary, rows, quarantined }: Compaction): Promise<RowId> {
    await this.#untilWritable();
    return this.#write(1, () => {
      const found = this.#findDocument.get(document);
      for (const row of quarantined) if (found !== null) this.#quarantine.run(found.id, row);
      if (found === null || !this.#deleteRows(found, rows)) {
        throw new StoreError("unavailable", "The rows to compact have changed.");
      }
      const row = this.#insert(found.id, base);
      this.#setBase.run(row, summary, found.id);
      for (const replaced of rows) this.#unsynced.delete(replaced);
      return row;
    });
  }

  async list({ after, limit }: Page): Promise<readonly DocumentInfo[]> {
    return translateErrors(() => this.#selectPage.all(after ?? "", after ?? null, limit));
  }

  async remove(document: string): Promise<void> {
    await this.#untilWritable();
    this.#write(0, () => {
      const found = this.#findDocument.get(document);
      if (found === null) return;
      for (const [row, unsynced] of this.#unsynced) if (unsynced.document === found.id) this.#unsynced.delete(row);
      this.#deleteUpdates.run(found.id, 0, this.#nextRow);
      this.#deleteQuarantined.run(found.id);
      this.#deleteDocument.run(found.id);
    });
    this.#documentIds.delete(document);
  }

  async close(): Promise<void> {
    await this.#wal.close();
    translateErrors(() => {
      try {
        this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      } finally {
        this.#database.close(true);
      }
    });
  }

  /**
   * Waits until writers may proceed. Calls that wait for the log proceed in order, and the first may block the others.
   */
  async #untilWritable(): Promise<void> {
    while (this.#wal.pendingRestart !== undefined) await this.#wal.pendingRestart;
  }

  /** Runs `task`, which inserts up to `rows` updates, in one transaction. */
  #write<Result>(rows: number, task: () => Result): Result {
    this.#insertedBytes = 0;
    try {
      const result = translateErrors(() => {
        this.#reserve(rows);
        // The transaction returns the result of `task`.
        return this.#atomically.immediate(task) as Result;
      });
      this.#wal.written(rows, this.#insertedBytes);
      return result;
    } catch (error) {
      // The cache may hold ids of documents that the transaction would have created.
      this.#documentIds.clear();
      throw error;
    }
  }

  /** Writes the updates again that may not be on disk. */
  #rewrite(): void {
    this.#write(0, () => {
      for (const [row, { document, update }] of this.#unsynced) this.#replaceUpdate.run(document, row, update);
    });
  }

  /** Reserves row ids. They are never reused, not even those of a transaction that was rolled back. */
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
    this.#unsynced.set(row, { document, update });
    this.#insertedBytes += update.byteLength;
    return row;
  }

  /**
   * Deletes the base and the first rows of the tail. Returns false and deletes none if `rows` are other rows.
   *
   * The rows are deleted by range, which blocks the event loop least: 100,000 rows take 60 ms, one by one 100 ms, as a
   * list in SQL 180 ms. Ids are never reused: rows of the same number and sum, in the range that `rows` span, are
   * `rows`.
   */
  #deleteRows({ id, base }: DocumentRow, rows: readonly RowId[]): boolean {
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    let count = 0;
    let sum = 0;
    for (const row of rows) {
      // The base is newer than the first rows of the tail, and would extend the range too far.
      if (row === base) continue;
      first = Math.min(first, row);
      last = Math.max(last, row);
      count += 1;
      sum += row;
    }
    const found = this.#countRows.get(id, first, last, base);
    if (found?.count !== count || found.sum !== sum || rows.length - count !== (base === null ? 0 : 1)) return false;
    this.#deleteUpdates.run(id, first, last);
    if (base !== null) this.#deleteUpdates.run(id, base, base);
    return true;
  }
}
