import { type Clock, systemClock } from "../../lib/time/clock.ts";
import { nextTurn } from "../../lib/time/next-turn.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { type ContentFault, type FolderContent, refuseIfLost } from "../folder-content.ts";
import type { HistoryStore } from "../history/history-store.ts";
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
import type { WebhookStore } from "../webhook-store.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { appendRows, compactRows, purgeRows, setDeletedAt } from "./documents/document-rows.ts";
import { documentInfo, listDocuments, loadDocument } from "./documents/read-documents.ts";
import { scrubDatabase } from "./documents/scrub.ts";
import { SqliteHistory } from "./history/sqlite-history.ts";
import { bytesOf } from "./history/write-history.ts";
import { foldAll } from "./journal/fold-all.ts";
import { Journal } from "./journal/journal.ts";
import { translateErrors } from "./sqlite-errors.ts";
import { type UpdateRow, updateParameters } from "./statements.ts";
import { Unsynced } from "./unsynced.ts";
import { Upkeep } from "./upkeep.ts";
import { SqliteWebhookStore } from "./webhooks/sqlite-webhook-store.ts";

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
export interface FileStore extends Store, FolderContent {
  readonly history: HistoryStore;
  readonly webhooks: WebhookStore;
}

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
  readonly history: HistoryStore;
  readonly webhooks: SqliteWebhookStore;
  readonly #options: SqliteStoreOptions & ConnectionOptions;
  readonly #clock: Clock;
  #connection: Connection;
  readonly #upkeep: Upkeep;
  #unsynced = new Unsynced();
  /** The last sync failed: see `durable`. */
  #mustRewrite = false;
  /** The rows that the transaction under way has inserted. */
  #inserted: UpdateRow[] = [];
  /** As the last call of `findFault` found it. */
  #fault: ContentFault | undefined;
  /** The content is written out, and no connection to it could be opened yet; or the store is closed. */
  #isDisconnected = false;
  /** Resolves when no sync is running. */
  #syncing: Promise<void> = Promise.resolve();
  #restoring: Promise<void> | undefined;
  /** Resolves when no scrub is running. */
  #scrubbing: Promise<void> = Promise.resolve();
  /** The calls that wait for the log. */
  #waitingCalls = 0;
  /** Resolves when the last call that had to wait has taken effect. */
  #lastCall: Promise<unknown> = Promise.resolve();

  constructor(options: SqliteStoreOptions) {
    this.#clock = options.clock ?? systemClock;
    this.webhooks = new SqliteWebhookStore({
      clock: this.#clock,
      dropped: () => options.metrics.changeWebhookDrops.inc(),
      database: {
        read: async (task) => this.#inTurn(() => translateErrors(() => task(this.#opened))),
        write: async (task) => this.#inTurn(() => this.#change(task)),
      },
    });
    this.#options = { ...options, clock: this.#clock, records: this.webhooks };
    this.#connection = Connection.open(this.#options);
    this.#upkeep = new Upkeep({
      clock: this.#clock,
      sync: async () => (this.#unsynced.isDirty ? this.durable() : undefined),
      unsyncedBytes: () => this.#unsynced.bytes,
      fold: () => this.#inTurn(() => this.#foldPart(this.#unsynced.firstRecord ?? Number.POSITIVE_INFINITY)),
      mustFold: () => this.#connection.journal.isHalfFull,
      truncate: () => this.#opened.wal.truncate(),
    });
    this.history = new SqliteHistory({
      read: async (task) => this.#inTurn(() => translateErrors(() => task(this.#opened))),
      change: async (task, bytes) => this.#inTurn(() => this.#change(task, bytes)),
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
    const { order } = page;
    if (order === undefined) return this.#inTurn(() => listDocuments(page, this.#opened));
    const { rankings } = await this.#inTurn(() => this.#opened);
    return rankings.rank({ ...page, order });
  }

  async info(document: string): Promise<DocumentInfo | undefined> {
    return this.#inTurn(() => documentInfo(document, this.#opened));
  }

  async delete(document: string): Promise<boolean> {
    return this.#inTurn(() => this.#change((opened) => setDeletedAt(document, this.#clock.now(), opened)));
  }

  async undelete(document: string): Promise<boolean> {
    return this.#inTurn(() => this.#change((opened) => setDeletedAt(document, null, opened)));
  }

  async purge(document: string, deletedUntil?: number): Promise<boolean> {
    return this.#inTurn(() => {
      const found = this.#write(0, () => purgeRows(document, deletedUntil, this.#opened));
      if (found === undefined) return false;
      this.#connection.journal.dropAll(found);
      this.#unsynced.deleteDocument(found);
      return true;
    });
  }

  /** Rejects with `StoreError` (unavailable) as well if another program reads the database all the time. */
  scrub(): Promise<void> {
    const scrub = this.#scrubbing.then(() => this.#scrub());
    this.#scrubbing = scrub.catch(() => {});
    return scrub;
  }

  /** Rejects with `StoreError` (unavailable) as well if the next start would not find the data. */
  async close(): Promise<void> {
    await this.#restoring?.catch(() => {});
    await this.#scrubbing;
    await this.#upkeep.close();
    await this.#syncing;
    if (this.#isDisconnected) return;
    const fault = this.findFault();
    if (fault === undefined) await foldAll(this.#connection, () => this.#foldNext());
    await this.#connection.endWorkers();
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

  async #scrub(): Promise<void> {
    const isScrubbed = await scrubDatabase({
      connection: this.#opened,
      durable: () => this.durable(),
      fold: () => this.#foldNext(),
      write: async (bytes, task) => {
        await this.#inTurn(() => this.#write(0, task));
        this.#connection.wal.written(0, bytes);
        await nextTurn();
      },
    });
    if (!isScrubbed)
      throw new StoreError("unavailable", "The database is in use: not all deleted content is overwritten.");
  }

  async #restore(): Promise<void> {
    await this.#syncing;
    if (!this.#isDisconnected) {
      await this.#connection.endWorkers();
      this.#connection.writeOut(this.#options.file);
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
      this.#write(0, () => this.#unsynced.rewrite(this.#opened.statements));
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
    const at = this.#clock.now();
    return this.#write(batch.length, () => appendRows({ batch, at }, this.#opened, (row) => this.#insert(row)));
  }

  #appendToJournal(batch: readonly PendingUpdate[]): readonly RowId[] {
    const connection = this.#opened;
    const { documentIds, journal, rowIds, wal } = connection;
    const at = this.#clock.now();
    const rows: RowId[] = [];
    const documents: number[] = [];
    const record = this.#tryToWrite(() => {
      rowIds.reserve(batch.length);
      const { last } = rowIds;
      for (let count = 0; count < batch.length; count += 1) rows.push(rowIds.take());
      const insert = () => {
        for (const { document } of batch) documents.push(documentIds.findOrCreate(document, last, at));
        return journal.insert(last + 1, { batch, documents, at });
      };
      // A single statement is a transaction by itself.
      const isSingle = batch.every(({ document }) => documentIds.cached(document) !== undefined);
      return isSingle ? insert() : connection.atomically(insert);
    });
    journal.inserted(record, { batch, documents });
    this.#unsynced.addRecord(record);
    wal.written(1, record.data.byteLength);
    this.#upkeep.written();
    if (journal.isFull) this.#upkeep.journalFull();
    return rows;
  }

  #compact(name: string, compaction: Compaction): RowId {
    const { journal } = this.#connection;
    const { document, last, row } = this.#write(
      1,
      () => compactRows(name, compaction, this.#opened, (inserted) => this.#insert(inserted)),
      bytesOf(compaction.history),
    );
    journal.dropUntil(document, last);
    this.#unsynced.deleteRows(compaction.rows);
    return row;
  }

  /** Runs a task in a transaction that writes no updates, but other data of so many bytes. */
  #change<Result>(task: (connection: Connection) => Result, bytes = 0): Result {
    const result = this.#write(0, () => task(this.#opened), bytes);
    this.#unsynced.changed();
    return result;
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
      for (const entry of fold.entries) this.#unsynced.addRow(entry);
      wal.written(fold.entries.length, fold.bytes);
      return true;
    } catch (error) {
      this.#options.metrics.storeFailures.inc({ operation: "fold" });
      throw error;
    }
  }

  #foldNext(): boolean | Promise<boolean> {
    return this.#inTurn(() => this.#foldPart(Number.POSITIVE_INFINITY));
  }

  /** Runs `task`, which inserts up to `rows` updates, and other data of so many bytes, in one transaction. */
  #write<Result>(rows: number, task: () => Result, otherBytes = 0): Result {
    this.#inserted = [];
    const result = this.#tryToWrite(() => {
      this.#connection.rowIds.reserve(rows);
      return this.#connection.atomically(task);
    });
    let bytes = otherBytes;
    for (const row of this.#inserted) {
      this.#unsynced.addRow(row);
      bytes += row.update.byteLength;
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
      this.#connection.webhooks.forget();
      throw error;
    }
  }

  #insert(inserted: Omit<UpdateRow, "row">): RowId {
    const row = this.#connection.rowIds.take();
    const all = { ...inserted, row };
    this.#opened.statements.insertUpdate.run(...updateParameters(all));
    this.#opened.tableSums.forget(all.document);
    this.#inserted.push(all);
    return row;
  }
}
