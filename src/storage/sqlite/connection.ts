import { Database } from "bun:sqlite";
import type { Metrics } from "../../ops/metrics.ts";
import { refuseLink } from "../own-file.ts";
import { type RowId, StoreError } from "../store.ts";
import { checkDatabase, companionSuffixes } from "./database-file.ts";
import { migrate, migrations } from "./migrations.ts";
import { OpenFiles } from "./open-files.ts";
import { translateErrors } from "./sqlite-errors.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import { type WalFrames, WriteAheadLog } from "./write-ahead-log.ts";

/** The wait for another program's write lock. It blocks the event loop, so it is short. */
const busyTimeoutMs = 500;

export interface ConnectionOptions {
  /** The path of the database. */
  readonly file: string;
  readonly metrics: Metrics;
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
  /** Runs a task in a transaction. One for all: to make it takes half as long as the transaction. */
  readonly atomically: { immediate(task: () => unknown): unknown };
  /** The row ids below this number may be in use. */
  readonly reserved: RowId;

  private constructor(database: Database, { file, files, metrics }: ConnectionParts) {
    this.database = database;
    this.files = files;
    this.atomically = database.transaction((task: () => unknown) => task());
    const statements = prepareStatements(database);
    this.statements = statements;
    const rowIds = statements.selectReserved.get();
    if (rowIds === null) throw new StoreError("corrupt", "The table row_ids is empty.");
    this.reserved = rowIds.reserved;
    // SQLite opens the log with the first statement that reads.
    files.remember();
    const frames = (): WalFrames => {
      const { log = 0, checkpointed = 0 } = statements.countFrames.get() ?? {};
      return { all: log, checkpointed };
    };
    this.wal = new WriteAheadLog({ file, descriptor: files.wal, identity: files.identity, frames, metrics });
  }

  /** Throws as `openSqliteStore`. */
  static open({ file, metrics }: ConnectionOptions): Connection {
    for (const suffix of ["", ...companionSuffixes]) refuseLink(file + suffix);
    checkDatabase(file);
    const files = new OpenFiles(file);
    try {
      return translateErrors(() => {
        const database = new Database(file, { create: true, readwrite: true, strict: true });
        try {
          prepareDatabase(database);
          return new Connection(database, { file, files, metrics });
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

  /** Copies all frames of the log into the database, and syncs it. Throws `StoreError`. */
  checkpoint(): void {
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

  /** Closes the connection. Its log must be closed before. */
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
}
