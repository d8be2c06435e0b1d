import { constants, Database } from "bun:sqlite";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { StoreError } from "../store.ts";
import { migrations, refuseNewer, userVersion } from "./migrations.ts";
import { translateErrors } from "./sqlite-errors.ts";

/** The database's file name in a data folder. */
export const databaseName = "yurt.db";

/** The suffixes of SQLite's files beside a database. SQLite applies them to any database with the same name. */
export const companionSuffixes = ["-wal", "-shm", "-journal"] as const;

/** The suffix of a restore's finished copy, until it is renamed to the database. */
export const restoringSuffix = ".restoring";

/** The suffix of the database that `yurt migrate` fills, until it is complete and renamed. */
export const fillingSuffix = ".migrating";

/** The wait for the lock of a program that opens or closes the database. */
const busyTimeoutMs = 5_000;

/** A required database does not exist. */
export class DatabaseMissing extends Error {
  constructor(file: string) {
    super(`There is no database ${file}.`);
    this.name = "DatabaseMissing";
  }
}

/** Whether a database, or a file from which it could be recovered, such as an orphaned `-wal`, exists. */
export function hasDatabase(file: string): boolean {
  return [file, `${file}-wal`, `${file}${restoringSuffix}`, `${file}${fillingSuffix}`].some(
    (path) => sizeOf(path) !== undefined,
  );
}

/**
 * Throws if this release cannot open `file`: `StoreError` (corrupt) or `DatabaseIsNewer`. A missing file, or one that
 * the first start left empty, is a new database and no error.
 *
 * Changes neither the file nor its `-wal`. The check is cheap enough for every start (0.5 ms): it reads the header, the
 * schema and the first pages of every table; damage elsewhere shows when it is read. No process may have the file open
 * meanwhile.
 */
export function checkDatabase(file: string): void {
  if (isNewDatabase(file)) return;
  // SQLite would not notice: the valid first page may be in the `-wal`, while other pages are not.
  if (!hasMagic(file)) throw new StoreError("corrupt", "file is not a database");
  // The first start was interrupted. Only a connection that may write can roll back the transaction.
  if (hasBytes(`${file}-journal`)) return;
  withIdleDatabase(file, (database) => {
    const isBlank = userVersion(database) === 0 && all(database, "SELECT 1 FROM sqlite_schema LIMIT 1").length === 0;
    if (!isBlank) checkTables(database);
  });
}

/**
 * Throws as `checkDatabase` unless the schema is as the migrations created it: a trigger, a view or another constraint
 * could change or drop later writes. Additional ordinary tables are no error, for they can not: programs that replicate
 * a database keep their own in it.
 */
export function checkTables(database: Database): void {
  translateErrors(() => {
    refuseNewer(database, migrations);
    const version = userVersion(database);
    if (version === 0) throw new StoreError("corrupt", "it is not a Yurt database");
    const expected = new Database(":memory:");
    try {
      for (const migration of migrations.slice(0, version)) expected.run(migration);
      compareTables(database, expected);
      compareSchemas(database, expected);
    } finally {
      expected.close(true);
    }
  });
}

/** The first problem of SQLite's integrity check, which reads every page; undefined if none. Throws `StoreError`. */
export function integrityProblem(database: Database): string | undefined {
  const [found] = translateErrors(() => all<{ integrity_check: string }>(database, "PRAGMA integrity_check(1)"));
  if (found?.integrity_check === "ok") return undefined;
  return found?.integrity_check.replaceAll(/\s+/g, " ").trim() ?? "it cannot be checked";
}

/** Runs `task` with a read-only connection, beside other connections to the database. */
export function withDatabase<Result>(file: string, task: (database: Database) => Result): Result {
  return withConnection(() => new Database(file, { readonly: true }), task);
}

/**
 * Runs `task` with a connection that creates no files beside the database, and so works in a read-only folder. If
 * SQLite's own files say that the database may be in use, it works as `withDatabase`.
 */
export function withIdleDatabase<Result>(file: string, task: (database: Database) => Result): Result {
  return withConnection(() => openIdleDatabase(file), task);
}

/** A connection as `withIdleDatabase` has. Throws SQLite's error. */
export function openIdleDatabase(file: string): Database {
  const mayBeInUse = hasBytes(`${file}-wal`) || hasBytes(`${file}-journal`) || sizeOf(`${file}-shm`) !== undefined;
  if (mayBeInUse) return new Database(file, { readonly: true });
  const url = `${pathToFileURL(file)}?immutable=1`;
  return new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
}

function withConnection<Result>(connect: () => Database, task: (database: Database) => Result): Result {
  return translateErrors(() => {
    const database = connect();
    try {
      database.run(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      return task(database);
    } finally {
      database.close(true);
    }
  });
}

/**
 * Whether `file` is empty or missing, as before the first start. Throws `StoreError` (corrupt) if another file shows
 * that a database was there. The database is not opened: SQLite deletes the `-wal` of an empty one.
 */
export function isNewDatabase(file: string): boolean {
  if (hasBytes(file)) return false;
  const name = basename(file);
  const state = sizeOf(file) === undefined ? "is missing" : "is empty";
  if (hasBytes(`${file}-wal`)) throw new StoreError("corrupt", `${name} ${state}, and ${name}-wal holds updates of it`);
  if (hasBytes(file + restoringSuffix))
    throw new StoreError("corrupt", `${name} ${state}, for a restore was interrupted`);
  if (hasBytes(file + fillingSuffix))
    throw new StoreError("corrupt", `${name} ${state}, for yurt migrate was interrupted: repeat it`);
  return true;
}

function compareTables(database: Database, expected: Database): void {
  const columns = all<TableColumn>(expected, columnsQuery);
  const found = new Set(all(database, columnsQuery).map((column) => JSON.stringify(column)));
  for (const column of columns) {
    if (found.has(JSON.stringify(column))) continue;
    throw new StoreError("corrupt", `column ${column.table}.${column.name} is missing or has another type`);
  }
  for (const table of new Set(columns.map((column) => column.table))) {
    const first = `SELECT 1 FROM "${table}" NOT INDEXED LIMIT 1`;
    // A table into which the migrations insert a row is never empty.
    const isEmpty = all(database, first).length < all(expected, first).length;
    if (isEmpty) throw new StoreError("corrupt", `its table ${table} is empty`);
  }
  for (const { table, index, column } of all<TableIndex>(expected, indexesQuery)) {
    all(database, `SELECT "${column}" FROM "${table}" INDEXED BY "${index}" ORDER BY "${column}" LIMIT 1`);
  }
}

/** Throws for every object of the schema that could change what is written to the tables of the migrations. */
function compareSchemas(database: Database, expected: Database): void {
  const objects = all<SchemaObject>(expected, schemaQuery);
  const ours = new Map(objects.map((object) => [object.name, object]));
  for (const { type, name, table, sql } of all<SchemaObject>(database, schemaQuery)) {
    const known = ours.get(name);
    if (known !== undefined && known.type === type && known.sql === sql) continue;
    const isOfOthers = !objects.some((object) => object.table === table);
    const isOrdinary = type === "index" || (type === "table" && !/^CREATE VIRTUAL/i.test(sql ?? ""));
    if (isOfOthers && isOrdinary) continue;
    throw new StoreError("corrupt", `its ${type} ${name} is not as Yurt creates it`);
  }
}

interface SchemaObject {
  readonly type: "table" | "index" | "trigger" | "view";
  readonly name: string;
  /** The table to which the object belongs. */
  readonly table: string;
  /** Null for an index that SQLite creates for a constraint. */
  readonly sql: string | null;
}

const schemaQuery = `SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema`;

interface TableColumn {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  /** The column's position in the primary key, from 1; 0 if it is not part of it. */
  readonly pk: number;
}

const columnsQuery = `
  SELECT tables.name AS "table", columns.name, columns.type, columns.pk
  FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table'`;

interface TableIndex {
  readonly table: string;
  readonly index: string;
  /** The first column of the index. */
  readonly column: string;
}

/** The indexes other than those of primary keys, which are the tables themselves. */
const indexesQuery = `
  SELECT tables.name AS "table", indexes.name AS "index", columns.name AS "column"
  FROM sqlite_schema AS tables
  JOIN pragma_index_list(tables.name) AS indexes ON indexes.origin <> 'pk'
  JOIN pragma_index_info(indexes.name) AS columns ON columns.seqno = 0
  WHERE tables.type = 'table'`;

function all<Row>(database: Database, sql: string): readonly Row[] {
  const statement = database.prepare<Row, []>(sql);
  try {
    return statement.all();
  } finally {
    statement.finalize();
  }
}

/**
 * Whether the file begins as an SQLite database. Not to be called while this process has the database open: the kernel
 * releases its locks when any descriptor of the file is closed.
 */
function hasMagic(file: string): boolean {
  const magic = Buffer.from("SQLite format 3\0");
  const start = Buffer.alloc(magic.length);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, start);
  } finally {
    closeSync(descriptor);
  }
  return start.equals(magic);
}

function hasBytes(path: string): boolean {
  return (sizeOf(path) ?? 0) > 0;
}

/** The size of a file in bytes; undefined if it does not exist. */
function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
