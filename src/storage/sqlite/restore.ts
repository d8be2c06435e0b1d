import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDataFolder, syncFolder } from "../data-folder.ts";
import { giveToOwner } from "../own-file.ts";
import { StoreError } from "../store.ts";
import { type CopyFacts, copyDatabase, summarize } from "./backup.ts";
import {
  checkTables,
  companionSuffixes,
  DatabaseMissing,
  databaseName,
  integrityProblem,
  isNewDatabase,
  restoringSuffix,
  withIdleDatabase,
} from "./database-file.ts";
import { liveEntries } from "./journal/live-entries.ts";

export interface RestoreOptions {
  /** A database that Yurt has written, with its `-wal` if there is one. It is not modified. */
  readonly source: string;
  /** The data folder, which is created if it does not exist. */
  readonly dataFolder: string;
  /** The time in the file name under which the present database is kept. Epoch milliseconds. */
  readonly atMs: number;
}

export interface Restored extends CopyFacts {
  /** The new path of the former database; undefined if there was none. */
  readonly keptAside: string | undefined;
}

/**
 * Replaces a data folder's database by a copy of `source`. The former database is kept beside it under another name,
 * with its `-wal`.
 *
 * Throws `DatabaseMissing`, `StoreError`, `DatabaseIsNewer`, `DataFolderLocked` or the system's error before the
 * present database is modified. If the machine stops during the renames, the next start fails, and the restore can be
 * repeated.
 */
export function restoreDatabase({ source, dataFolder, atMs }: RestoreOptions): Restored {
  checkSource(source);
  const folder = openDataFolder(dataFolder);
  try {
    const file = join(folder.path, databaseName);
    const copy = file + restoringSuffix;
    const aside = `${file}.before-restore-${new Date(atMs).toISOString().replaceAll(":", "-")}`;
    if (existsSync(aside)) throw new Error(`${aside} already exists.`);
    prepareCopy(source, copy);
    giveToOwner(copy, existsSync(file) ? file : folder.path);
    const facts = withIdleDatabase(copy, summarize);
    const keptAside = moveAside(file, aside) ? aside : undefined;
    syncFolder(folder.path);
    renameSync(copy, file);
    syncFolder(folder.path);
    return { ...facts, keptAside };
  } finally {
    folder.release();
  }
}

function checkSource(source: string): void {
  if (statSync(source, { throwIfNoEntry: false })?.isFile() !== true) throw new DatabaseMissing(source);
  if (isNewDatabase(source)) throw new StoreError("corrupt", "file is empty");
  withIdleDatabase(source, (database) => {
    checkTables(database);
    const problem = integrityProblem(database);
    if (problem !== undefined) throw new StoreError("corrupt", problem);
    // A server would not start with a damaged record.
    for (const _ of liveEntries(database));
  });
}

/** Copies the source. The copy of an interrupted restore is replaced at the end only, since it may be the source. */
function prepareCopy(source: string, copy: string): void {
  const partial = `${copy}-partial`;
  rmSync(partial, { force: true });
  copyDatabase({ file: source, target: partial, connect: withIdleDatabase });
  renameSync(partial, copy);
}

/**
 * Renames the database and its companions; false if none exist. The database is renamed first: a start without it
 * fails, whereas a start without its `-wal` would succeed and lack the updates in that file.
 */
function moveAside(file: string, aside: string): boolean {
  const present = ["", ...companionSuffixes].filter((suffix) => existsSync(file + suffix));
  for (const suffix of present) renameSync(file + suffix, aside + suffix);
  return present.length > 0;
}
