import { constants, Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, readSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { errorCode } from "../../lib/error-code.ts";
import { type DocumentSource, type SourceDocument, SourceError } from "../source.ts";
import { openRegularFile } from "./regular-file.ts";

interface HocuspocusRow {
  readonly row: number;
  /** The value may have any type: SQLite does not enforce the types of columns. */
  readonly name: unknown;
  readonly data: unknown;
  /** The length of the data, which is null when it is too large. */
  readonly bytes: number | null;
}

/** The wait for a server that is writing. */
const busyTimeoutMs = 5_000;

/** The length of the longest name that is read completely. It is far beyond what a document's name may have. */
const maxNameBytes = 4_096;

/**
 * @hocuspocus/extension-sqlite/src/SQLite.ts, `schema`. It selects one row, so that a server can write in between. The
 * lengths are known without reading the values.
 */
const selectNext = `
  SELECT rowid AS row,
    CASE WHEN octet_length(name) <= ${maxNameBytes} THEN name ELSE substr(name, 1, ${maxNameBytes}) END AS name,
    CASE WHEN octet_length(data) <= ?2 THEN data END AS data, octet_length(data) AS bytes
  FROM documents WHERE rowid > ?1 ORDER BY rowid LIMIT 1`;

export interface HocuspocusSqliteOptions {
  /** The size of the largest update that is read. */
  readonly updateBytes: number;
}

/** Opens a file of Hocuspocus' SQLite extension; its server may be running. Throws `SourceError`. */
export function openHocuspocusSqlite(file: string, { updateBytes }: HocuspocusSqliteOptions): DocumentSource {
  withDatabase(file, (database) => checkTable(file, database));
  return new HocuspocusSqlite(file, updateBytes);
}

class HocuspocusSqlite implements DocumentSource {
  readonly remarks: readonly string[] = [];
  readonly #file: string;
  readonly #updateBytes: number;

  constructor(file: string, updateBytes: number) {
    this.#file = file;
    this.#updateBytes = updateBytes;
  }

  *documents(): Generator<SourceDocument> {
    const database = connect(this.#file);
    const statement = database.prepare<HocuspocusRow, [after: number, updateBytes: number]>(selectNext);
    const next = (after: number) => translateSqliteErrors(this.#file, () => statement.get(after, this.#updateBytes));
    let rowsWithoutName = 0;
    try {
      for (let found = next(Number.MIN_SAFE_INTEGER); found !== null; found = next(found.row)) {
        // SQLite's row ids are 64-bit. A greater one would be rounded, and might be read again.
        if (!Number.isSafeInteger(found.row)) throw new SourceError(`${this.#file} has row ids beyond 2⁵³.`);
        const { name } = found;
        if (typeof name === "string") yield { name, updates: this.#updatesOf(found) };
        else rowsWithoutName += 1;
      }
    } finally {
      statement.finalize();
      database.close(true);
    }
    if (rowsWithoutName > 0) throw new SourceError(`${this.#file} holds rows without a name: ${rowsWithoutName}.`);
  }

  #updatesOf({ data, bytes }: HocuspocusRow): SourceDocument["updates"] {
    if (data instanceof Uint8Array) return [data];
    return bytes !== null && bytes > this.#updateBytes ? [{ bytes }] : [];
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
    const descriptor = openRegularFile(file);
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

/** Refuses anything but a table of stored values: a view, a virtual table or a generated column could have no end. */
function checkTable(file: string, database: Database): void {
  database.prepare(selectNext).finalize();
  const statement = database.prepare<{ computed: number }, []>(computedValues);
  const computed = statement.get()?.computed ?? 0;
  statement.finalize();
  if (computed > 0) throw new SourceError(`${file} computes its documents: documents is not a table of stored values.`);
}

/** `hidden` is 1 for a column of a virtual table, and 2 or 3 for a generated one. */
const computedValues = `
  SELECT (SELECT count(*) FROM sqlite_schema
      WHERE name = 'documents' COLLATE NOCASE AND (type = 'view' OR sql LIKE 'create virtual%'))
    + (SELECT count(*) FROM pragma_table_xinfo('documents') WHERE hidden > 0) AS computed`;

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
