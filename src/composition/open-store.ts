import { join } from "node:path";
import { type Clock, systemClock } from "../lib/time/clock.ts";
import { createMetrics, type Metrics } from "../ops/metrics.ts";
import { type DataFolder, openDataFolder, openExistingDataFolder } from "../storage/data-folder.ts";
import { DatabaseMissing, databaseName, hasDatabase } from "../storage/sqlite/database-file.ts";
import { type FileStore, openSqliteStore } from "../storage/sqlite/sqlite-store.ts";
import type { ServerOptions } from "./server-options.ts";

interface StoreDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** The documents of a data folder, which no server can use until `close`. */
export interface OpenedStore {
  readonly store: FileStore;
  close(): Promise<void>;
}

/**
 * Opens the documents of a data folder and creates nothing.
 *
 * Throws `DatabaseMissing` when the folder holds no documents, else as `startServer`.
 */
export function openStore(options: Pick<ServerOptions, "dataFolder">): OpenedStore {
  const opened = openStoreIfPresent(options);
  if (opened === undefined) throw new DatabaseMissing(databaseFileIn(options.dataFolder));
  return opened;
}

/** As `openStore`, but undefined when the folder holds no documents. */
export function openStoreIfPresent({ dataFolder }: Pick<ServerOptions, "dataFolder">): OpenedStore | undefined {
  return hasDocuments(dataFolder) ? openStoreIn(openExistingDataFolder(dataFolder)) : undefined;
}

/** Creates the folder and the database when they are missing. Throws as `startServer`. */
export function openOrCreateStore({ dataFolder }: Pick<ServerOptions, "dataFolder">): OpenedStore {
  return openStoreIn(openDataFolder(dataFolder));
}

function openStoreIn(dataFolder: DataFolder): OpenedStore {
  let store: FileStore;
  try {
    store = openDatabase(dataFolder, { clock: systemClock, metrics: createMetrics() });
  } catch (error) {
    dataFolder.release();
    throw error;
  }
  return {
    store,
    close: async () => {
      try {
        await store.close();
      } finally {
        dataFolder.release();
      }
    },
  };
}

/** Throws `DatabaseMissing` when the folder holds no documents, or the system's error when it cannot be read. */
export function existingDatabaseIn(dataFolder: string): string {
  const file = databaseFileIn(dataFolder);
  if (!hasDatabase(file)) throw new DatabaseMissing(file);
  return file;
}

/** Whether a data folder holds documents. */
export function hasDocuments(dataFolder: string): boolean {
  return hasDatabase(databaseFileIn(dataFolder));
}

function databaseFileIn(dataFolder: string): string {
  return join(dataFolder, databaseName);
}

/** Throws `StoreError`. The folder stays its caller's. */
export function openDatabase(dataFolder: DataFolder, { clock, metrics }: StoreDependencies): FileStore {
  return openSqliteStore({ file: databaseFileIn(dataFolder.path), folder: dataFolder, clock, metrics });
}
