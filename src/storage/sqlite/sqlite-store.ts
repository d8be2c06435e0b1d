import { type Clock, systemClock } from "../../lib/time/clock.ts";
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
import { Journal, type JournalEntry } from "./journal/journal.ts";
import { listDocuments, loadDocument } from "./read-documents.ts";
import { translateErrors } from "./sqlite-errors.ts";
import type { DocumentRow, Statements } from "./statements.ts";
import { Unsynced } from "./unsynced.ts";
import { Upkeep } from "./upkeep.ts";
import { writeOutDatabase } from "./write-out.ts";

export interface SqliteStoreOptions {
  /** The path of the database, as the next start will open it. */
  readonly file: string;
  /** The folder with the file, whose lock keeps other processes out. */
  readonly folder?: Pick<FolderContent, "findFault">;
  readonly metrics: Metrics;
  /** The system's clock if it is not set. */
  readonly clock?: Clock;
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

class SqliteStore implements FileStore {
  readonly #options: SqliteStoreOptions;
  #connection: Connection;
  readonly #upkeep: Upkeep;
  #unsynced = new Unsynced();
  /** The last sync failed: see `durable`. */
  #mustRewrite = false;
  /** The rows that the transaction under way has inserted. */
  #inserted: JournalEntry[] = [];
  /** As the last call of `findFault` found it. */
  #fault: ContentFault | undefined;
  /** The content is written out, and no connection to it could be opened yet; or the store is closed. */
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
    this.#upkeep = new Upkeep({
      clock: options.clock ?? systemClock,
      sync: async () => (this.#unsynced.isDirty ? this.durable() : undefined),
      unsyncedBytes: () => this.#unsynced.bytes,
      fold: () => this.#inTurn(() => this.#foldPart(this.#unsynced.firstRecord ?? Number.POSITIVE_INFINITY)),
      mustFold: () => this.#connection.journal.isHalfFull,
      truncate: () => this.#opened.wal.truncate(),
    });
    if (!this.#connection.journal.isEmpty) this.#upkeep.written();
  }

  async load(document: string): Promise<StoredDocument | undefined> {
    return this.#inTurn(() => loadDocument(document, this.#opened));
  }

  /** Synchronous, except while the write-ahead log is too long: then all calls wait for its checkpoint, in order. */
  append(batch: readonly PendingUpdate[]): readonly RowId[] | Promise<readonly RowId[]> {
    return this.#inTurn(() => this.#append(batch));
  }

  /** Waits for the sync that runs, if one does: the store syncs by itself as well. */
  durable(): Promise<void> {
    const sync = this.#syncing.then(() => this.#sync());
    this.#syncing = sync.catch(() => {});
    return sync;
  }

  async compact(document: string, compaction: Compaction): Promise<RowId> {
    return this.#inTurn(() => this.#compact(document, compaction));
  }

  async list(page: Page): Promise<readonly DocumentInfo[]> {
    return this.#inTurn(() => listDocuments(page, this.#opened));
  }

  async remove(document: string): Promise<void> {
    return this.#inTurn(() => {
      const found = this.#write(0, () => this.#deleteDocument(document));
      this.#connection.documentIds.delete(document);
      if (found === undefined) return;
      this.#connection.journal.dropAll(found);
      this.#unsynced.deleteDocument(found);
    });
  }

  /** Rejects with `StoreError` (unavailable) as well if the next start would not find the data. */
  async close(): Promise<void> {
    await this.#restoring?.catch(() => {});
    await this.#upkeep.close();
    await this.#syncing;
    if (this.#isDisconnected) return;
    const fault = this.findFault();
    if (fault === undefined) await this.#foldAll();
    await this.#connection.wal.close();
    // Another call would close descriptors that belong to other files by then.
    this.#isDisconnected = true;
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
    this.#unsynced = new Unsynced();
    this.#mustRewrite = false;
    this.#upkeep.written();
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
    const unsynced = this.#unsynced;
    unsynced.syncBegins();
    try {
      await this.#connection.wal.sync();
      this.#mustRewrite = false;
      unsynced.syncSucceeded();
    } catch (error) {
      this.#mustRewrite = true;
      unsynced.syncFailed();
      throw error;
    }
    this.#fault ??= this.#connection.files.findStorageFault();
    refuseIfLost(this.#fault);
  }

  get #opened(): Connection {
    if (this.#isDisconnected) throw new StoreError("unavailable", `${this.#options.file} could not be opened again.`);
    return this.#connection;
  }

  get #statements(): Statements {
    return this.#opened.statements;
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

  #append(batch: readonly PendingUpdate[]): readonly RowId[] {
    if (batch.length === 0) return [];
    if (Journal.takes(batch)) return this.#appendToJournal(batch);
    const { documentIds, rowIds } = this.#opened;
    return this.#write(batch.length, () =>
      batch.map(({ document, update }) => this.#insert(documentIds.findOrCreate(document, rowIds.last), update)),
    );
  }

  #appendToJournal(batch: readonly PendingUpdate[]): readonly RowId[] {
    const connection = this.#opened;
    const { documentIds, journal, rowIds, wal } = connection;
    const rows: RowId[] = [];
    const documents: number[] = [];
    const record = this.#tryToWrite(() => {
      rowIds.reserve(batch.length);
      const { last } = rowIds;
      for (let count = 0; count < batch.length; count += 1) rows.push(rowIds.take());
      const insert = () => {
        for (const { document } of batch) documents.push(documentIds.findOrCreate(document, last));
        return journal.insert(last + 1, { batch, documents });
      };
      // A single statement is a transaction by itself.
      const isSingle = batch.every(({ document }) => documentIds.cached(document) !== undefined);
      return isSingle ? insert() : connection.atomically(insert);
    });
    journal.inserted(record, documents);
    this.#unsynced.addRecord(record);
    wal.written(1, record.data.byteLength);
    this.#upkeep.written();
    if (journal.isFull) this.#upkeep.journalFull();
    return rows;
  }

  #compact(name: string, { base, summary, rows, quarantined }: Compaction): RowId {
    const { journal } = this.#connection;
    const { document, last, row } = this.#write(1, () => {
      const found = this.#statements.findDocument.get(name);
      if (found !== null) for (const each of quarantined) this.#quarantine(found.id, each);
      const last = found === null ? undefined : this.#deleteRows(found, rows);
      if (found === null || last === undefined) {
        throw new StoreError("unavailable", "The rows to compact have changed.");
      }
      const row = this.#insert(found.id, base);
      this.#statements.setBase.run(row, summary, last, found.id);
      return { document: found.id, last, row };
    });
    journal.dropUntil(document, last);
    this.#unsynced.deleteRows(rows);
    return row;
  }

  #quarantine(document: number, row: RowId): void {
    const { journal } = this.#connection;
    if (journal.has(document, row)) this.#statements.insertQuarantined.run(document, row, journal.updateAt(row));
    else this.#statements.quarantine.run(document, row);
  }

  /** Returns the number of the document, if there is one. */
  #deleteDocument(name: string): number | undefined {
    const found = this.#statements.findDocument.get(name);
    if (found === null) return undefined;
    this.#statements.deleteUpdates.run(found.id, 0, this.#connection.rowIds.last);
    this.#statements.deleteQuarantined.run(found.id);
    this.#statements.deleteDocument.run(found.id);
    return found.id;
  }

  /** Folds a part of the journal, of records with ids below `end`; false if there are none. Throws `StoreError`. */
  #foldPart(end: RowId): boolean {
    try {
      const connection = this.#opened;
      const { journal, wal } = connection;
      const fold = translateErrors(() => journal.nextFold(end));
      if (fold === undefined) return false;
      this.#tryToWrite(() => connection.atomically(() => journal.move(fold)));
      journal.moved(fold);
      for (const { row, document, update } of fold.entries) this.#unsynced.addRow(row, document, update);
      wal.written(fold.entries.length, fold.bytes);
      return true;
    } catch (error) {
      this.#options.metrics.storeFailures.inc({ operation: "fold" });
      throw error;
    }
  }

  /** Folds the journal before the store closes. If that fails, the journal stays as it is. */
  async #foldAll(): Promise<void> {
    const { journal, wal } = this.#connection;
    if (journal.isEmpty) return;
    try {
      // The log starts from the beginning then, and needs no more space on the disk.
      await wal.checkpointFully();
      while (await this.#inTurn(() => this.#foldPart(Number.POSITIVE_INFINITY))) {
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } catch {}
  }

  /** Runs `task`, which inserts up to `rows` updates, in one transaction. */
  #write<Result>(rows: number, task: () => Result): Result {
    this.#inserted = [];
    const result = this.#tryToWrite(() => {
      this.#connection.rowIds.reserve(rows);
      return this.#connection.atomically(task);
    });
    let bytes = 0;
    for (const { row, document, update } of this.#inserted) {
      this.#unsynced.addRow(row, document, update);
      bytes += update.byteLength;
    }
    this.#inserted = [];
    this.#connection.wal.written(rows, bytes);
    this.#upkeep.written();
    return result;
  }

  #tryToWrite<Result>(task: () => Result): Result {
    refuseIfLost(this.#fault);
    try {
      return translateErrors(task);
    } catch (error) {
      // The cache may hold ids of documents that the transaction would have created.
      this.#connection.documentIds.clear();
      throw error;
    }
  }

  /** Writes again what may not be on disk. */
  #rewrite(): void {
    this.#write(0, () => this.#unsynced.rewrite(this.#statements));
  }

  #insert(document: number, update: Uint8Array): RowId {
    const row = this.#connection.rowIds.take();
    this.#statements.insertUpdate.run(document, row, update);
    this.#inserted.push({ row, document, update });
    return row;
  }

  /**
   * Deletes the base and the first rows of the tail, those in the journal excepted. Returns the last of these rows of the
   * tail, or 0 if `rows` is the base alone. Returns undefined and deletes none if `rows` are other rows.
   *
   * The rows are deleted by range, which blocks the event loop least: 100,000 rows take 60 ms, one by one 100 ms, as a
   * list in SQL 180 ms. Ids are never reused: rows of the same number and sum, in the range that `rows` span, are
   * `rows`.
   */
  #deleteRows({ id, base }: DocumentRow, rows: readonly RowId[]): RowId | undefined {
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
    const inTable = this.#statements.countRows.get(id, first, last, base) ?? { count: 0, sum: 0 };
    const inJournal = this.#connection.journal.countUntil(id, last);
    if (inTable.count + inJournal.count !== count || inTable.sum + inJournal.sum !== sum) return undefined;
    if (rows.length - count !== (base === null ? 0 : 1)) return undefined;
    if (inTable.count > 0) this.#statements.deleteUpdates.run(id, first, last);
    if (base !== null) this.#statements.deleteUpdates.run(id, base, base);
    return last;
  }
}

function refuseIfLost(fault: ContentFault | undefined): void {
  if (fault !== undefined) throw new StoreError("unavailable", describeFault(fault));
}
