import type { Metrics } from "../../ops/metrics.ts";
import { type ContentFault, describeFault, type FolderContent } from "../folder-content.ts";
import {
  type Compaction,
  type DocumentInfo,
  type Page,
  type PendingUpdate,
  type RowId,
  type Store,
  type StoredDocument,
  StoreError,
} from "../store.ts";
import { Connection } from "./connection.ts";
import { translateErrors } from "./sqlite-errors.ts";
import type { DocumentRow, Statements } from "./statements.ts";
import { writeOutDatabase } from "./write-out.ts";

/** The size of the cache of document ids, with names of at most 256 bytes. A miss costs one indexed look-up (3 µs). */
const cachedDocuments = 10_000;

/** The number of row ids that one write to `row_ids` reserves. */
const reservedRows = 1_000_000;

export interface SqliteStoreOptions {
  /** The path of the database, as the next start will open it. */
  readonly file: string;
  /** The folder with the file, whose lock keeps other processes out. */
  readonly folder?: Pick<FolderContent, "findFault">;
  readonly metrics: Metrics;
}

/** A store in a file. It takes no updates, and makes none durable, while the path names another file, or none. */
export interface FileStore extends Store, FolderContent {}

/**
 * Opens a store in one SQLite file, with mode 0600.
 *
 * Throws `StoreError` if the file cannot be used, or `DatabaseIsNewer`; the file and its companions are not modified
 * then. No other process may write to the file while the store is open: see `openDataFolder`.
 */
export function openSqliteStore(options: SqliteStoreOptions): FileStore {
  return new SqliteStore(options);
}

/** The updates by row that may not be on disk yet, with the ids of their documents. */
type Unsynced = Map<RowId, { readonly document: number; readonly update: Uint8Array }>;

class SqliteStore implements FileStore {
  readonly #options: SqliteStoreOptions;
  #connection: Connection;
  /** Ids of documents by name, for `append`. */
  readonly #documentIds = new Map<string, number>();
  /** Since the last sync began, or a failed one before it. */
  #unsynced: Unsynced = new Map();
  /** The last sync failed: see `durable`. */
  #mustRewrite = false;
  /** By the transaction under way. */
  #insertedBytes = 0;
  #nextRow: RowId;
  #reserved: RowId;
  /** As the last call of `findFault` found it. */
  #fault: ContentFault | undefined;
  /** The content is written out, and no connection to it could be opened yet. */
  #isDisconnected = false;
  /** Resolves when no sync is running. */
  #syncing: Promise<void> = Promise.resolve();
  #restoring: Promise<void> | undefined;
  /** The calls that wait for the log. */
  #waitingCalls = 0;
  /** Resolves when the last call that had to wait has taken effect. */
  #lastCall: Promise<unknown> = Promise.resolve();

  constructor(options: SqliteStoreOptions) {
    this.#options = options;
    this.#connection = Connection.open(options);
    this.#nextRow = this.#connection.reserved;
    this.#reserved = this.#connection.reserved;
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    return this.#inTurn(() => translateErrors(() => this.#load(document)));
  }

  /** Synchronous, except while the write-ahead log is too long: then all calls wait for its checkpoint, in order. */
  append(batch: readonly PendingUpdate[]): readonly RowId[] | Promise<readonly RowId[]> {
    return this.#inTurn(() =>
      this.#write(batch.length, () =>
        batch.map(({ document, update }) => this.#insert(this.#documentId(document), update)),
      ),
    );
  }

  durable(): Promise<void> {
    const sync = this.#sync();
    this.#syncing = sync.catch(() => {});
    return sync;
  }

  async compact(document: string, compaction: Compaction): Promise<RowId> {
    return this.#inTurn(() => this.#write(1, () => this.#replaceRows(document, compaction)));
  }

  async list({ after, limit }: Page): Promise<readonly DocumentInfo[]> {
    return this.#inTurn(() =>
      translateErrors(() => this.#statements.selectPage.all(after ?? "", after ?? null, limit)),
    );
  }

  async remove(document: string): Promise<void> {
    return this.#inTurn(() => {
      this.#write(0, () => this.#deleteDocument(document));
      this.#documentIds.delete(document);
    });
  }

  /** Rejects with `StoreError` (unavailable) as well if the next start would not find the data. */
  async close(): Promise<void> {
    await this.#restoring?.catch(() => {});
    if (this.#isDisconnected) return;
    await this.#connection.wal.close();
    const fault = this.findFault();
    translateErrors(() => {
      try {
        this.#connection.database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      } finally {
        this.#connection.close();
      }
    });
    refuseIfLost(fault);
  }

  findFault(): ContentFault | undefined {
    const { file, folder } = this.#options;
    const ofFile = (): ContentFault | undefined =>
      this.#isDisconnected ? { path: file, state: "deleted" } : this.#connection.files.findFault();
    this.#fault = folder?.findFault() ?? ofFile();
    return this.#fault;
  }

  /** The event loop is blocked while the documents are copied: all of them are in files without names. */
  restore(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    await this.#syncing;
    if (!this.#isDisconnected) {
      const { database, files, wal } = this.#connection;
      await wal.close();
      if (files.isDatabaseInPlace) this.#connection.checkpoint();
      else writeOutDatabase({ database, file: this.#options.file, files });
      this.#isDisconnected = true;
      // Two connections would share SQLite's index of the log, but not the log.
      this.#connection.close();
    }
    this.#connection = Connection.open(this.#options);
    this.#isDisconnected = false;
    // Everything is on disk. The ids continue as after a start.
    this.#unsynced = new Map();
    this.#mustRewrite = false;
    this.#documentIds.clear();
    this.#nextRow = this.#connection.reserved;
    this.#reserved = this.#connection.reserved;
    this.findFault();
  }

  /**
   * A failed sync has marked the log's pages as clean (Linux), so that the next sync would not report them; and all
   * frames behind a missing page are lost with it. Therefore the log is moved into the database, which is synced then,
   * and the unsynced updates are written again into a log that starts from the beginning.
   *
   * A successful sync is one of the open files: the next start finds the updates only if the paths name these files.
   */
  async #sync(): Promise<void> {
    if (this.#restoring !== undefined) throw new StoreError("unavailable", "The documents are being written out.");
    // The last fault may be gone.
    if (this.#fault !== undefined) refuseIfLost(this.findFault());
    if (this.#mustRewrite) {
      await this.#connection.wal.checkpointFully();
      this.#rewrite();
    }
    const syncing = this.#unsynced;
    this.#unsynced = new Map();
    try {
      await this.#connection.wal.sync();
      this.#mustRewrite = false;
    } catch (error) {
      this.#mustRewrite = true;
      for (const [row, update] of this.#unsynced) syncing.set(row, update);
      this.#unsynced = syncing;
      throw error;
    }
    this.#fault ??= this.#connection.files.findStorageFault();
    refuseIfLost(this.#fault);
  }

  get #statements(): Statements {
    if (this.#isDisconnected) throw new StoreError("unavailable", `${this.#options.file} could not be opened again.`);
    return this.#connection.statements;
  }

  /**
   * Runs `task` after the calls before it: at once, unless writers wait for the log. Each call may make the log too long
   * again, and the calls after it then wait once more.
   */
  #inTurn<Result>(task: () => Result): Result | Promise<Result> {
    if (this.#waitingCalls === 0 && this.#connection.wal.pendingRestart === undefined) return task();
    this.#waitingCalls += 1;
    const result = this.#lastCall.then(async () => {
      while (this.#connection.wal.pendingRestart !== undefined) await this.#connection.wal.pendingRestart;
      this.#waitingCalls -= 1;
      return task();
    });
    this.#lastCall = result.catch(() => {});
    return result;
  }

  #load(document: string): StoredDocument | undefined {
    const found = this.#statements.findDocument.get(document);
    if (found === null) return undefined;
    const updates = this.#statements.selectUpdates.all(found.id);
    const base = updates.find(({ row }) => row === found.base);
    return {
      base: base && { ...base, summary: found.summary ?? undefined },
      tail: updates.filter(({ row }) => row !== found.base),
      quarantined: this.#statements.selectQuarantined.all(found.id),
    };
  }

  #replaceRows(document: string, { base, summary, rows, quarantined }: Compaction): RowId {
    const found = this.#statements.findDocument.get(document);
    for (const row of quarantined) if (found !== null) this.#statements.quarantine.run(found.id, row);
    if (found === null || !this.#deleteRows(found, rows)) {
      throw new StoreError("unavailable", "The rows to compact have changed.");
    }
    const row = this.#insert(found.id, base);
    this.#statements.setBase.run(row, summary, found.id);
    for (const replaced of rows) this.#unsynced.delete(replaced);
    return row;
  }

  #deleteDocument(document: string): void {
    const found = this.#statements.findDocument.get(document);
    if (found === null) return;
    for (const [row, unsynced] of this.#unsynced) if (unsynced.document === found.id) this.#unsynced.delete(row);
    this.#statements.deleteUpdates.run(found.id, 0, this.#nextRow);
    this.#statements.deleteQuarantined.run(found.id);
    this.#statements.deleteDocument.run(found.id);
  }

  /** Runs `task`, which inserts up to `rows` updates, in one transaction. */
  #write<Result>(rows: number, task: () => Result): Result {
    this.#insertedBytes = 0;
    refuseIfLost(this.#fault);
    try {
      const result = translateErrors(() => {
        this.#reserve(rows);
        // The transaction returns the result of `task`.
        return this.#connection.atomically.immediate(task) as Result;
      });
      this.#connection.wal.written(rows, this.#insertedBytes);
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
      for (const [row, { document, update }] of this.#unsynced)
        this.#statements.replaceUpdate.run(document, row, update);
    });
  }

  /** Reserves row ids. They are never reused, not even those of a transaction that was rolled back. */
  #reserve(rows: number): void {
    if (this.#nextRow + rows <= this.#reserved) return;
    const reserved = this.#nextRow + rows + reservedRows;
    this.#statements.reserveRows.run(reserved);
    this.#reserved = reserved;
  }

  #documentId(name: string): number {
    const cached = this.#documentIds.get(name);
    if (cached !== undefined) return cached;
    const id = (this.#statements.findDocument.get(name) ?? this.#statements.insertDocument.get(name))?.id;
    if (id === undefined) throw new Error("INSERT … RETURNING has returned nothing.");
    if (this.#documentIds.size >= cachedDocuments) this.#documentIds.clear();
    this.#documentIds.set(name, id);
    return id;
  }

  #insert(document: number, update: Uint8Array): RowId {
    const row = this.#nextRow++;
    this.#statements.insertUpdate.run(document, row, update);
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
    const found = this.#statements.countRows.get(id, first, last, base);
    if (found?.count !== count || found.sum !== sum || rows.length - count !== (base === null ? 0 : 1)) return false;
    this.#statements.deleteUpdates.run(id, first, last);
    if (base !== null) this.#statements.deleteUpdates.run(id, base, base);
    return true;
  }
}

function refuseIfLost(fault: ContentFault | undefined): void {
  if (fault !== undefined) throw new StoreError("unavailable", describeFault(fault));
}
