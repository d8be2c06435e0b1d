import { Database } from "bun:sqlite";
import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";
import { refuseLink } from "../own-file.ts";
import { StoreError } from "../store.ts";
import { checkDatabase, companionSuffixes } from "./database-file.ts";
import { DocumentIds } from "./documents/document-ids.ts";
import { RowIds } from "./documents/row-ids.ts";
import { TableSumsCache } from "./documents/table-sums.ts";
import { Journal } from "./journal/journal.ts";
import { migrate, migrations } from "./migrations.ts";
import { OpenFiles } from "./open-files.ts";
import { Rankings } from "./ranking/rankings.ts";
import { translateErrors } from "./sqlite-errors.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { showStoreSize } from "./store-size.ts";
import { type RecordListener, WebhookRows } from "./webhooks/webhook-rows.ts";
import { maxLogBytes, type WalFrames, WriteAheadLog } from "./write-ahead-log.ts";
import { writeOutDatabase } from "./write-out.ts";

/** The wait for another program's write lock. It blocks the event loop, so it is short. */
const busyTimeoutMs = 500;

export interface ConnectionOptions {
  /** The path of the database. */
  readonly file: string;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Told of the messages to webhooks that are recorded. */
  readonly records: RecordListener;
}

interface ConnectionParts extends ConnectionOptions {
  readonly files: OpenFiles;
}

/** A store's connection to its database, with everything that lasts as long as the connection. */
export class Connection {
  readonly database: Database;
  readonly statements: Statements;
  readonly files: OpenFiles;
  readonly wal: WriteAheadLog;
  readonly rankings: Rankings;
  readonly journal: Journal;
  readonly documentIds: DocumentIds;
  readonly rowIds: RowIds;
  readonly tableSums: TableSumsCache;
  readonly webhooks: WebhookRows;
  /** One for all: to make it takes half as long as a transaction. */
  readonly #transaction: { immediate(task: () => unknown): unknown };

  private constructor(database: Database, { clock, file, files, metrics, records }: ConnectionParts) {
    this.database = database;
    this.files = files;
    this.#transaction = database.transaction((task: () => unknown) => task());
    const statements = prepareStatements(database);
    this.statements = statements;
    this.webhooks = new WebhookRows(database, records);
    this.documentIds = new DocumentIds(statements, this.webhooks);
    this.rowIds = new RowIds(statements);
    this.tableSums = new TableSumsCache(statements);
    this.journal = new Journal(database, statements, this.tableSums);
    // SQLite opens the log with the first statement that reads.
    files.remember();
    const frames = (): WalFrames => {
      const { log = 0, checkpointed = 0 } = statements.countFrames.get() ?? {};
      return { all: log, checkpointed };
    };
    showStoreSize({ file, journalBytes: () => this.journal.bytes, metrics });
    this.wal = new WriteAheadLog({ file, descriptor: files.wal, identity: files.identity, frames, metrics });
    this.rankings = new Rankings({
      file,
      identity: files.identity,
      clock,
      shortenLog: () => this.wal.restartIfLong(),
    });
  }

  /** Throws as `openSqliteStore`. */
  static open(options: ConnectionOptions): Connection {
    const { file } = options;
    for (const suffix of ["", ...companionSuffixes]) refuseLink(file + suffix);
    checkDatabase(file);
    const files = new OpenFiles(file);
    try {
      return translateErrors(() => {
        const database = new Database(file, { create: true, readwrite: true, strict: true });
        try {
          prepareDatabase(database);
          return new Connection(database, { ...options, files });
        } catch (error) {
          database.close(true);
          throw error;
        }
      });
    } catch (error) {
      files.close();
      throw error;
    }
  }

  /** Runs a task in a transaction, and returns its result. */
  atomically<Result>(task: () => Result): Result {
    return this.#transaction.immediate(task) as Result;
  }

  /** Makes `file`, the path of the database, name a file with all content, also if it was deleted. Throws `StoreError`. */
  writeOut(file: string): void {
    const { database, files } = this;
    if (files.isDatabaseInPlace) this.#checkpoint();
    else writeOutDatabase({ database, file, files });
  }

  /** Copies all frames of the log into the database, and syncs it. */
  #checkpoint(): void {
    const result = translateErrors(() => {
      const statement = this.database.prepare<{ busy: number }, []>("PRAGMA wal_checkpoint(TRUNCATE)");
      try {
        return statement.get();
      } finally {
        statement.finalize();
      }
    });
    if (result?.busy !== 0) throw new StoreError("unavailable", "Another program reads the database.");
  }

  /** Empties the log, as `WriteAheadLog.empty`. No ranking keeps it from that. */
  emptyLog(): Promise<boolean> {
    return this.rankings.between(() => this.wal.empty());
  }

  /** Ends the workers. Resolves when their connections to the database are closed. */
  async endWorkers(): Promise<void> {
    await this.rankings.close();
    await this.wal.close();
  }

  /** Closes the connection. Its workers must have ended before. */
  close(): void {
    try {
      this.database.close(true);
    } finally {
      this.files.close();
    }
  }
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
  // The content of deleted rows is overwritten where that costs no further write: `scrub` has the pages to do that are free.
  database.run("PRAGMA secure_delete = FAST");
  // A log that a reader has made longer is shortened when it starts from the beginning.
  database.run(`PRAGMA journal_size_limit = ${maxLogBytes}`);
}
