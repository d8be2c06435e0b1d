import type { Database } from "bun:sqlite";
import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { systemClock } from "../../../lib/time/clock.ts";
import type { AccessContent } from "../../access/access-content.ts";
import { readFolderAccess } from "../../access/folder-access.ts";
import { openExistingDataFolder } from "../../data-folder.ts";
import type { Rows } from "../../transfer/tables.ts";
import {
  type SizedDocument,
  type SourceIdentity,
  TransferRefused,
  type TransferSource,
} from "../../transfer/transfer-ends.ts";
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

class FolderSource implements TransferSource {
  readonly #database: Database;
  readonly #file: string;
  readonly #released: () => void;
  readonly #rows: DatabaseRows;

  constructor(database: Database, { file, released }: { readonly file: string; readonly released: () => void }) {
    checkTables(database);
    if (userVersion(database) < migrations.length)
      throw new TransferRefused(
        "The documents were written by an earlier release of Yurt. Start the server on the data folder once, and stop it.",
      );
    this.#database = database;
    this.#file = file;
    this.#released = released;
    this.#rows = translateErrors(() => new DatabaseRows(database));
  }

  async identify(): Promise<SourceIdentity> {
    return { place: realpathSync(this.#file), lastRow: translateErrors(() => this.#rows.lastRow()) };
  }

  async countDocuments(): Promise<number> {
    return translateErrors(() => this.#rows.countDocuments());
  }

  async documents(after: string | undefined, limit: number): Promise<readonly SizedDocument[]> {
    return translateErrors(() => this.#rows.documents(after, limit));
  }

  read(documents: readonly string[]): AsyncIterable<Rows> {
    return translated(this.#rows.read(documents));
  }

  readServer(): AsyncIterable<Rows> {
    return translated(this.#rows.readServer());
  }

  readAccess(now: number): Promise<AccessContent> {
    return readFolderAccess(dirname(this.#file), { ...systemClock, now: () => now });
  }

  async close(): Promise<void> {
    this.#rows.close();
    this.#database.close(true);
    this.#released();
  }
}

/** The same parts, with errors of SQLite as `StoreError`. */
export async function* translated(parts: Iterator<Rows>): AsyncGenerator<Rows> {
  for (;;) {
    const next = translateErrors(() => parts.next());
    if (next.done === true) return;
    yield next.value;
  }
}
