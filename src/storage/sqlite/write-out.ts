import type { Database } from "bun:sqlite";
import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../data-folder.ts";
import { giveToOwner } from "../own-file.ts";
import { StoreError } from "../store.ts";
import { copyConnected, renameWithoutReplacing } from "./backup.ts";
import { companionSuffixes, restoringSuffix } from "./database-file.ts";
import type { OpenFiles } from "./open-files.ts";
import { translateErrors } from "./sqlite-errors.ts";

export interface WriteOutOptions {
  /** A connection to the database, whose file has no name any more. */
  readonly database: Database;
  /** The path that named it. */
  readonly file: string;
  readonly files: OpenFiles;
}

/**
 * Writes an open database, whose file was deleted, to its path again. It is on disk when this returns.
 *
 * Overwrites nothing: throws `StoreError` if a file at one of the paths is not the database's own. If the machine stops
 * meanwhile, the next start finds the database, or fails as after an interrupted restore.
 */
export function writeOutDatabase({ database, file, files }: WriteOutOptions): void {
  const folder = dirname(file);
  const copy = file + restoringSuffix;
  const partial = `${copy}-partial`;
  const companions = companionSuffixes.map((suffix) => file + suffix);
  for (const path of [file, copy]) if (existsSync(path)) throw foreign(path);
  for (const path of companions) if (!files.isReplaceable(path)) throw foreign(path);
  rmSync(partial, { force: true });
  translateErrors(() => copyConnected(database, partial));
  giveToOwner(partial, folder);
  renameWithoutReplacing(partial, copy);
  // SQLite would apply the former log to the copy.
  for (const path of companions) rmSync(path, { force: true });
  syncFolder(folder);
  renameWithoutReplacing(copy, file);
}

function foreign(path: string): StoreError {
  return new StoreError("unavailable", `${path} belongs to another program, and is not overwritten.`);
}
