import { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "../../../lib/time/clock.ts";
import type { AccessContent } from "../../access/access-content.ts";
import { addFolderAccess } from "../../access/folder-access.ts";
import { openDataFolder, syncFolder } from "../../data-folder.ts";
import { createOwnFile, refuseLink } from "../../own-file.ts";
import type { Rows } from "../../transfer/tables.ts";
import {
  type Progress,
  type SourceIdentity,
  TransferRefused,
  type TransferTarget,
} from "../../transfer/transfer-ends.ts";
import { companionSuffixes, databaseName, fillingSuffix } from "../database-file.ts";
import { migrate, migrations } from "../migrations.ts";
import { translateErrors } from "../sqlite-errors.ts";
import { DatabaseRows } from "./database-rows.ts";
import { FolderReading } from "./folder-reading.ts";
import { RowInserter } from "./insert-rows.ts";

/** The wait for the lock of a program that looks at the copy. */
const busyTimeoutMs = 5_000;

/**
 * How far the transfer has come. The table is removed when the database has its name; if that is interrupted, it stays, and
 * nothing reads it.
 */
const progressTable =
  "CREATE TABLE transfer (place TEXT NOT NULL, last_row INTEGER NOT NULL, after TEXT, has_server INTEGER NOT NULL) STRICT";

/**
 * Opens a data folder that takes a copy, and creates it if it does not exist. The copy has another name than the database
 * until it is complete, so that no server uses it before.
 *
 * Throws `TransferRefused`, `DataFolderLocked`, `StoreError` or the system's error.
 */
export function openFolderTarget(path: string): TransferTarget {
  const folder = openDataFolder(path);
  try {
    const file = join(folder.path, databaseName);
    for (const suffix of ["", ...companionSuffixes]) {
      if (!existsSync(file + suffix)) continue;
      throw new TransferRefused(`The data folder ${path} has documents already. Choose another folder with --data.`);
    }
    refuseAccess(folder.path, file);
    return translateErrors(() => new FolderTarget(file, () => folder.release()));
  } catch (error) {
    folder.release();
    throw error;
  }
}

/** Throws `TransferRefused` for a folder with secrets of another server. Those of this transfer come after its database. */
function refuseAccess(folder: string, file: string): void {
  if (existsSync(file + fillingSuffix)) return;
  for (const name of ["secrets.json", "api-keys.json", "revocations.jsonl"]) {
    if (!existsSync(join(folder, name))) continue;
    throw new TransferRefused(`A server has used the data folder: it has ${name}. Choose another folder with --data.`);
  }
}

interface ProgressRow {
  readonly place: string;
  readonly lastRow: number;
  readonly after: string | null;
  readonly hasServer: number;
}

class FolderTarget extends FolderReading implements TransferTarget {
  readonly #file: string;
  readonly #released: () => void;
  readonly #database: Database;
  readonly #rows: DatabaseRows;
  #lastRow = 0;
  #isOpen = true;

  constructor(file: string, released: () => void) {
    const { database, rows } = openFilling(file + fillingSuffix);
    super({ file, place: file, rows });
    this.#file = file;
    this.#released = released;
    this.#database = database;
    this.#rows = rows;
  }

  async begin({ lastRow, place }: SourceIdentity): Promise<Progress> {
    return translateErrors(() => {
      this.#lastRow = lastRow;
      const found = this.#readProgress();
      if (found === undefined) return this.#begin({ lastRow, place });
      const file = this.#file + fillingSuffix;
      if (found.place !== place)
        throw new TransferRefused(`${file} was begun from ${found.place}. Finish that, or remove the file.`);
      if (found.lastRow !== lastRow)
        throw new TransferRefused(`The source has changed since ${file} was begun. Remove the file, and begin again.`);
      return { after: found.after ?? undefined, hasServer: found.hasServer !== 0 };
    });
  }

  write(after: string, rows: AsyncIterable<Rows>): Promise<void> {
    return this.#insert(rows, () => this.#run("UPDATE transfer SET after = ?", [after]));
  }

  writeServer(lastRow: number, rows: AsyncIterable<Rows>): Promise<void> {
    return this.#insert(rows, () => {
      this.#run("UPDATE row_ids SET reserved = ?", [lastRow + 1]);
      this.#run("UPDATE transfer SET has_server = 1", []);
    });
  }

  async finish(): Promise<void> {
    const filled = this.#file + fillingSuffix;
    translateErrors(() => this.#disconnect());
    syncFile(filled);
    for (const suffix of companionSuffixes) rmSync(filled + suffix, { force: true });
    renameSync(filled, this.#file);
    syncFolder(dirname(this.#file));
    translateErrors(() => {
      const database = new Database(this.#file, { readwrite: true, create: false });
      try {
        database.run("DROP TABLE transfer");
        database.run("PRAGMA wal_checkpoint(TRUNCATE)");
      } finally {
        database.close(true);
      }
    });
    syncFile(this.#file);
  }

  addAccess(content: AccessContent): Promise<void> {
    return addFolderAccess(dirname(this.#file), content, systemClock);
  }

  async close(): Promise<void> {
    try {
      this.#disconnect();
    } finally {
      this.#released();
    }
  }

  /** Undefined before the beginning, and behind the end. */
  #readProgress(): ProgressRow | undefined {
    const isThere = this.#get("SELECT 1 FROM sqlite_schema WHERE name = 'transfer'") !== null;
    const row = isThere
      ? this.#get<ProgressRow>(`SELECT place, last_row AS lastRow, after, has_server AS hasServer FROM transfer`)
      : null;
    return row ?? undefined;
  }

  #begin({ lastRow, place }: SourceIdentity): Progress {
    this.#database.transaction(() => {
      this.#database.run(progressTable);
      this.#run("INSERT INTO transfer VALUES (?, ?, NULL, 0)", [place, lastRow]);
    })();
    return { after: undefined, hasServer: false };
  }

  async #insert(parts: AsyncIterable<Rows>, atEnd: () => void): Promise<void> {
    const inserter = new RowInserter(this.#database, this.#lastRow);
    this.#database.run("BEGIN IMMEDIATE");
    try {
      for await (const part of parts) translateErrors(() => inserter.insert(part));
      translateErrors(() => {
        atEnd();
        this.#database.run("COMMIT");
      });
    } catch (error) {
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
      throw error;
    } finally {
      inserter.close();
    }
  }

  #disconnect(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#rows.close();
    try {
      this.#database.run("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.#database.close(true);
    }
  }

  #run(sql: string, values: (string | number | null)[]): void {
    this.#database.run(sql, values);
  }

  #get<Found = unknown>(sql: string): Found | null {
    const statement = this.#database.prepare<Found, []>(sql);
    try {
      return statement.get();
    } finally {
      statement.finalize();
    }
  }
}

/** Opens the copy, and creates it if it does not exist. */
function openFilling(filling: string): { readonly database: Database; readonly rows: DatabaseRows } {
  for (const suffix of ["", ...companionSuffixes]) refuseLink(filling + suffix);
  // Others cannot read it: SQLite would create it otherwise.
  if (!existsSync(filling)) closeSync(createOwnFile(filling));
  const database = new Database(filling, { readwrite: true, create: false, strict: true });
  try {
    database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    migrate(database, migrations);
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA synchronous = NORMAL");
    return { database, rows: new DatabaseRows(database) };
  } catch (error) {
    database.close(true);
    throw error;
  }
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
