import { constants, Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { errorCode } from "../../lib/error-code.ts";
import { type DocumentSource, type SourceDocument, SourceError } from "../source.ts";

interface HocuspocusRow {
  readonly row: number;
  /** The value may have any type: SQLite does not enforce the types of columns. */
  readonly name: unknown;
  readonly data: unknown;
}

/** The wait for a server that is writing. */
const busyTimeoutMs = 5_000;

/** @hocuspocus/extension-sqlite/src/SQLite.ts, `schema`. It selects one row, so that a server can write in between. */
const selectNext = "SELECT rowid AS row, name, data FROM documents WHERE rowid > ? ORDER BY rowid LIMIT 1";

/** Opens a file of Hocuspocus' SQLite extension; its server may be running. Throws `SourceError`. */
export function openHocuspocusSqlite(file: string): DocumentSource {
  withDatabase(file, checkTable);
  return new HocuspocusSqlite(file);
}

class HocuspocusSqlite implements DocumentSource {
  readonly remarks: readonly string[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  *documents(): Generator<SourceDocument> {
    const database = connect(this.#file);
    const statement = database.prepare<HocuspocusRow, [after: number]>(selectNext);
    const next = (after: number) => translateSqliteErrors(this.#file, () => statement.get(after));
    let rowsWithoutName = 0;
    try {
      for (let found = next(Number.MIN_SAFE_INTEGER); found !== null; found = next(found.row)) {
        // SQLite's row ids are 64-bit. A greater one would be rounded, and might be read again.
        if (!Number.isSafeInteger(found.row)) throw new SourceError(`${this.#file} has row ids beyond 2⁵³.`);
        const { name, data } = found;
        if (typeof name === "string") yield { name, updates: data instanceof Uint8Array ? [data] : [] };
        else rowsWithoutName += 1;
      }
    } finally {
      statement.finalize();
      database.close(true);
    }
    if (rowsWithoutName > 0) throw new SourceError(`${this.#file} holds rows without a name: ${rowsWithoutName}.`);
  }
}

function withDatabase<Result>(file: string, task: (database: Database) => Result): Result {
  const database = connect(file);
  try {
    return translateSqliteErrors(file, () => task(database));
  } finally {
    database.close(true);
  }
}

/**
 * Opens a read-only connection.
 *
 * For a database in WAL mode that no process has open, SQLite would create its companion files. With `immutable=1` it
 * creates none, but ignores existing ones. In the other modes it creates none.
 */
function connect(file: string): Database {
  const isInWalMode = readHeader(file).subarray(18, 20).includes(2);
  const isIdle = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) === 0 && !existsSync(`${file}-shm`);
  const database = translateSqliteErrors(file, () =>
    isInWalMode && isIdle
      ? new Database(`${pathToFileURL(file)}?immutable=1`, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI)
      : new Database(file, { readonly: true }),
  );
  translateSqliteErrors(file, () => database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`));
  return database;
}

/** The first bytes of a database. */
function readHeader(file: string): Uint8Array {
  const header = new Uint8Array(20);
  try {
    const descriptor = openSync(file, "r");
    try {
      readSync(descriptor, header);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new SourceError(describeUnreadable(file, error), { cause: error });
  }
  const magic = "SQLite format 3\0";
  if (new TextDecoder().decode(header.subarray(0, magic.length)) === magic) return header;
  throw new SourceError(`${file} is not an SQLite database.`);
}

function describeUnreadable(file: string, error: unknown): string {
  const code = errorCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") return `There is no file ${file}.`;
  if (code === "EISDIR") return `${file} is a folder. Name the file that the SQLite extension is configured with.`;
  return `${file} cannot be read: ${error instanceof Error ? error.message : error}.`;
}

function checkTable(database: Database): void {
  database.prepare(selectNext).finalize();
}

/** Runs `task`, and translates SQLite's errors into `SourceError`. */
function translateSqliteErrors<Result>(file: string, task: () => Result): Result {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    throw new SourceError(describeSqliteError(file, error), { cause: error });
  }
}

function describeSqliteError(file: string, { code, message }: SQLiteError): string {
  if (/^no such (table|column)/.test(message)) {
    return `${file} is not a database of Hocuspocus' SQLite extension: it has no table documents with the columns name and data.`;
  }
  // Only a connection that may write can roll back the transaction.
  if (code === "SQLITE_READONLY_ROLLBACK") {
    return `${file} was left in the middle of a change. Start and stop its server to roll the change back.`;
  }
  return `${file} cannot be read: ${message}.`;
}
