import type { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../data-folder.ts";
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

/** What a copy of a database holds. */
export interface CopyFacts {
  readonly documents: number;
  /** Of its file. */
  readonly bytes: number;
}

/** One update of a copy, with the document that it is of. */
export interface CopiedUpdate extends StoredUpdate {
  readonly document: string;
}

/** Examines a copy that has its final bytes and not yet its name. */
export type Examine = (updates: Iterable<CopiedUpdate>) => void;

export interface BackupOptions {
  /** The database, which a server may be using. */
  readonly file: string;
  /** Nothing may have this name. */
  readonly target: string;
  /** When given, the copy's integrity is checked, and then its updates are handed over one by one. */
  readonly examine?: Examine;
}

/**
 * Copies one consistent cut of the database, with everything that was committed before the call.
 *
 * The copy is one file, readable by its owner alone, and on disk when this returns; until then nothing has the name
 * `target`. Throws `DatabaseMissing`, `StoreError`, `DatabaseIsNewer`, the system's error (EEXIST when `target` is there),
 * and what `examine` throws; nothing is left of the copy then.
 */
export function backUpDatabase({ file, target, examine }: BackupOptions): CopyFacts {
  refuseExisting(target);
  if (!hasDatabase(file)) throw new DatabaseMissing(file);
  const partial = `${target}.partial-${process.pid}`;
  copyDatabase({ file, target: partial, connect: withDatabase });
  try {
    const facts = withIdleDatabase(partial, (copy) => {
      if (examine !== undefined) examineCopy(copy, examine);
      return factsOf(copy);
    });
    giveName(partial, target);
    return facts;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

export interface CopyOptions {
  readonly file: string;
  /** Nothing may have this name. */
  readonly target: string;
  readonly connect: typeof withDatabase;
}

/** Copies `file` to `target` and syncs it; throws as `backUpDatabase` and leaves nothing then. */
export function copyDatabase({ file, target, connect }: CopyOptions): void {
  if (isNewDatabase(file)) throw new StoreError("corrupt", "it is empty");
  // SQLite fills an empty file, but would not keep a new one to its owner.
  closeSync(openSync(target, "wx", 0o600));
  try {
    connect(file, (database) => {
      checkTables(database);
      database.run("VACUUM INTO ?", [target]);
    });
    // SQLite does not: to it the copy is a temporary file.
    syncFile(target);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}

export function factsOf(database: Database): CopyFacts {
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

function examineCopy(copy: Database, examine: Examine): void {
  const problem = integrityProblem(copy);
  if (problem !== undefined) throw new Error(`The copy is damaged: ${problem}.`);
  const statement = copy.prepare<CopiedUpdate, []>(
    `SELECT name AS document, updates.id AS "row", data AS "update"
     FROM updates JOIN documents ON documents.id = updates.document ORDER BY updates.document, updates.id`,
  );
  try {
    examine(statement.iterate());
  } finally {
    statement.finalize();
  }
}

/** Without taking the place of a file that has appeared meanwhile. */
function giveName(partial: string, target: string): void {
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

/** File systems of memory cards and of some networks know no second name of a file. */
function isUnsupported(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS" || code === "EMLINK";
}

function refuseExisting(target: string): void {
  if (existsSync(target)) throw Object.assign(new Error(`${target} is there`), { code: "EEXIST", path: target });
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
