import type { Database } from "bun:sqlite";
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { openExistingDataFolder } from "../../data-folder.ts";
import { TransferRefused, type TransferSource } from "../../transfer/transfer-ends.ts";
import {
  checkTables,
  DatabaseMissing,
  databaseName,
  hasDatabase,
  isNewDatabase,
  openIdleDatabase,
} from "../database-file.ts";
import { migrations, userVersion } from "../migrations.ts";
import { translateErrors } from "../sqlite-errors.ts";
import { DatabaseRows } from "./database-rows.ts";
import { FolderReading } from "./folder-reading.ts";

/**
 * Opens a data folder that is to be copied. Its files are only read; no server can use it until `close`.
 *
 * Throws `DatabaseMissing`, `DataFolderLocked`, `StoreError`, `DatabaseIsNewer`, `TransferRefused` or the system's error.
 */
export function openFolderSource(path: string): TransferSource {
  const file = join(resolve(path), databaseName);
  if (!hasDatabase(file)) throw new DatabaseMissing(file);
  const folder = openExistingDataFolder(path);
  try {
    if (isNewDatabase(file)) throw new DatabaseMissing(file);
    const database = openIdleDatabase(file);
    try {
      return new FolderSource(database, { file, released: () => folder.release() });
    } catch (error) {
      database.close(true);
      throw error;
    }
  } catch (error) {
    folder.release();
    throw error;
  }
}

class FolderSource extends FolderReading implements TransferSource {
  readonly #database: Database;
  readonly #released: () => void;
  readonly #rows: DatabaseRows;

  constructor(database: Database, { file, released }: { readonly file: string; readonly released: () => void }) {
    checkTables(database);
    if (userVersion(database) < migrations.length)
      throw new TransferRefused(
        "The documents were written by an earlier release of Yurt. Start the server on the data folder once, and stop it.",
      );
    const rows = translateErrors(() => new DatabaseRows(database));
    super({ file, place: realpathSync(file), rows });
    this.#database = database;
    this.#released = released;
    this.#rows = rows;
  }

  async close(): Promise<void> {
    this.#rows.close();
    this.#database.close(true);
    this.#released();
  }
}
