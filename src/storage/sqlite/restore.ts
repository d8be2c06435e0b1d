import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { giveToOwner, openDataFolder, syncFolder } from "../data-folder.ts";
import { StoreError } from "../store.ts";
import { type CopyFacts, copyDatabase, factsOf } from "./backup.ts";
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

export interface RestoreOptions {
  /** A database that Yurt wrote, with its `-wal` if it has one. It is left as it is. */
  readonly source: string;
  /** Created when it is not there. */
  readonly dataFolder: string;
  /** The time that the present database is kept aside under. */
  readonly atMs: number;
}

export interface Restored extends CopyFacts {
  /** Where the database is that was there; undefined when none was. */
  readonly keptAside: string | undefined;
}

/**
 * Puts a copy of `source` in the place of a data folder's database, which stays beside it under another name, its `-wal`
 * with it.
 *
 * Throws `DatabaseMissing`, `StoreError`, `DatabaseIsNewer`, `DataFolderLocked` or the system's error before the present
 * database is touched. When the machine stops while the names change, the next start refuses, and this can be done again.
 */
export function restoreDatabase({ source, dataFolder, atMs }: RestoreOptions): Restored {
  checkSource(source);
  const folder = openDataFolder(dataFolder);
  try {
    const file = join(folder.path, databaseName);
    const copy = file + restoringSuffix;
    const aside = `${file}.before-restore-${new Date(atMs).toISOString().replaceAll(":", "-")}`;
    if (existsSync(aside)) throw new Error(`${aside} is there already.`);
    prepareCopy(source, copy);
    giveToOwner(copy, existsSync(file) ? file : folder.path);
    const facts = withIdleDatabase(copy, factsOf);
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
  if (isNewDatabase(source)) throw new StoreError("corrupt", "it is empty");
  withIdleDatabase(source, (database) => {
    checkTables(database);
    const problem = integrityProblem(database);
    if (problem !== undefined) throw new StoreError("corrupt", problem);
  });
}

/** What an earlier restore left there is replaced at the end: it may be the source. */
function prepareCopy(source: string, copy: string): void {
  const partial = `${copy}-partial`;
  rmSync(partial, { force: true });
  copyDatabase({ file: source, target: partial, connect: withIdleDatabase });
  renameSync(partial, copy);
}

/**
 * Whether there was anything. The database first: without it a start refuses, whereas one without its `-wal` would start, and without the updates
 * in there.
 */
function moveAside(file: string, aside: string): boolean {
  const present = ["", ...companionSuffixes].filter((suffix) => existsSync(file + suffix));
  for (const suffix of present) renameSync(file + suffix, aside + suffix);
  return present.length > 0;
}
