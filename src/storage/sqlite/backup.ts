import type { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../lib/error-code.ts";
import { syncFolder } from "../data-folder.ts";
import { refuseLink } from "../own-file.ts";
import { type StoredUpdate, StoreError } from "../store.ts";
import {
  checkTables,
  DatabaseMissing,
  hasDatabase,
  integrityProblem,
  isNewDatabase,
  withDatabase,
  withIdleDatabase,
} from "./database-file.ts";
import { liveEntries } from "./journal/live-entries.ts";

/** The number of documents in a copy of a database, and its size. */
export interface CopyFacts {
  readonly documents: number;
  /** The size of the file in bytes. */
  readonly bytes: number;
}

/** One update of a copy, with its document. */
export interface CopiedUpdate extends StoredUpdate {
  readonly document: string;
}

/** Examines the updates of a copy that is complete, but not yet renamed, and returns how many of them are damaged. */
export type Examine = (updates: Iterable<CopiedUpdate>) => number;

export interface BackupFacts extends CopyFacts {
  /** The number of damaged updates, which the database holds as well; 0 if they were not examined. */
  readonly damaged: number;
}

export interface BackupOptions {
  /** The path of the database. A server may be using it. */
  readonly file: string;
  /** The path of the copy, which must not exist. */
  readonly target: string;
  /** If set, the copy's integrity is checked, and its updates are then passed to this function one by one. */
  readonly examine?: Examine;
  /** The path of the copy instead of `target` if updates are damaged. It must not exist. */
  readonly damagedTarget?: string;
}

/**
 * Copies one consistent snapshot of the database, with everything that was committed before the call.
 *
 * The copy is one file with mode 0600, and on disk when this returns; until then `target` does not exist. Throws
 * `DatabaseMissing`, `ForeignFile`, `StoreError`, `DatabaseIsNewer`, the system's error (EEXIST if `target` exists), and the errors of
 * `examine`. The copy is removed then.
 */
export function backUpDatabase({ file, target, examine, damagedTarget = target }: BackupOptions): BackupFacts {
  refuseExisting(target);
  refuseExisting(damagedTarget);
  refuseLink(file);
  if (!hasDatabase(file)) throw new DatabaseMissing(file);
  const partial = `${target}.partial-${process.pid}`;
  copyDatabase({ file, target: partial, connect: withDatabase });
  try {
    const facts = withIdleDatabase(partial, (copy) => {
      const damaged = examine === undefined ? 0 : examineCopy(copy, examine);
      return { ...summarize(copy), damaged };
    });
    renameWithoutReplacing(partial, facts.damaged === 0 ? target : damagedTarget);
    return facts;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

export interface CopyOptions {
  readonly file: string;
  /** The path of the copy, which must not exist. */
  readonly target: string;
  readonly connect: typeof withDatabase;
}

/** Copies `file` to `target` and syncs it. Throws as `backUpDatabase`, and removes the copy then. */
export function copyDatabase({ file, target, connect }: CopyOptions): void {
  if (isNewDatabase(file)) throw new StoreError("corrupt", "file is empty");
  connect(file, (database) => {
    checkTables(database);
    copyConnected(database, target);
  });
}

/**
 * Copies the database of a connection to `target`, which must not exist, with mode 0600, and syncs it. Throws SQLite's
 * or the system's error, and removes the copy then.
 */
export function copyConnected(database: Database, target: string): void {
  // SQLite fills an existing empty file, but would create a new one readable by others.
  closeSync(openSync(target, "wx", 0o600));
  try {
    database.run("VACUUM INTO ?", [target]);
    // SQLite does not sync the copy, which it treats as a temporary file.
    syncFile(target);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

export function summarize(database: Database): CopyFacts {
  const statement = database.prepare<CopyFacts, []>(
    `SELECT (SELECT count(*) FROM documents) AS documents, page_count * page_size AS bytes
     FROM pragma_page_count, pragma_page_size`,
  );
  try {
    return statement.get() ?? { documents: 0, bytes: 0 };
  } finally {
    statement.finalize();
  }
}

function examineCopy(copy: Database, examine: Examine): number {
  const problem = integrityProblem(copy);
  if (problem !== undefined) throw new Error(`The copy is damaged: ${problem}.`);
  return examine(updatesIn(copy));
}

/** All updates of a copy: first those of the documents' rows, then those of the journal. */
function* updatesIn(copy: Database): Generator<CopiedUpdate> {
  const statement = copy.prepare<CopiedUpdate, []>(
    `SELECT name AS document, updates.id AS "row", data AS "update"
     FROM updates JOIN documents ON documents.id = updates.document ORDER BY updates.document, updates.id`,
  );
  try {
    yield* statement.iterate();
  } finally {
    statement.finalize();
  }
  for (const { name, row, update } of liveEntries(copy)) yield { document: name, row, update };
}

/** Renames the copy to its target, without overwriting a file that was created there meanwhile. */
export function renameWithoutReplacing(partial: string, target: string): void {
  try {
    linkSync(partial, target);
    rmSync(partial);
  } catch (error) {
    refuseExisting(target);
    if (!isUnsupported(error)) throw error;
    renameSync(partial, target);
  }
  syncFolder(dirname(target));
}

/** Whether the file system has no hard links, as on memory cards and some network drives. */
function isUnsupported(error: unknown): boolean {
  const code = errorCode(error);
  return code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS" || code === "EMLINK";
}

function refuseExisting(target: string): void {
  if (existsSync(target)) throw Object.assign(new Error(`${target} already exists`), { code: "EEXIST", path: target });
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
