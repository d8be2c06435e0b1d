import { join } from "node:path";
import { createMetrics, type Metrics } from "../ops/metrics.ts";
import { type DataFolder, openDataFolder, openExistingDataFolder } from "../storage/data-folder.ts";
import { openHocuspocusSqlite } from "../storage/import/hocuspocus-sqlite.ts";
import { openYLeveldb } from "../storage/import/y-leveldb.ts";
import type { DocumentSource, SourceFormat } from "../storage/source.ts";
import { DatabaseMissing, databaseName, hasDatabase } from "../storage/sqlite/database-file.ts";
import { openSqliteStore } from "../storage/sqlite/sqlite-store.ts";
import type { Store } from "../storage/store.ts";
import type { ServerOptions } from "./server-options.ts";

export { startWorkerCompactor as openCompactor } from "../relay/compaction/worker-compactor.ts";
export { backUpDatabase, type CopiedUpdate } from "../storage/sqlite/backup.ts";
export { restoreDatabase } from "../storage/sqlite/restore.ts";

/** The documents of a data folder, kept from every server until `close`. */
export interface OpenedStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** Creates nothing. Throws as `startServer`, and `DatabaseMissing` when the folder holds no documents. */
export function openStore(options: Pick<ServerOptions, "dataFolder">): OpenedStore {
  const opened = openStoreIfPresent(options);
  if (opened === undefined) throw new DatabaseMissing(databaseFileIn(options.dataFolder));
  return opened;
}

/** As `openStore`, but undefined when the folder holds no documents. */
export function openStoreIfPresent({ dataFolder }: Pick<ServerOptions, "dataFolder">): OpenedStore | undefined {
  return hasDatabase(databaseFileIn(dataFolder)) ? openStoreIn(openExistingDataFolder(dataFolder)) : undefined;
}

/** Creates what is not there. Throws as `startServer`. */
export function openOrCreateStore({ dataFolder }: Pick<ServerOptions, "dataFolder">): OpenedStore {
  return openStoreIn(openDataFolder(dataFolder));
}

function openStoreIn(dataFolder: DataFolder): OpenedStore {
  const store = openDatabase(dataFolder, createMetrics());
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

/** Throws `SourceError` when there is nothing of that format. */
export function openSource(format: SourceFormat, path: string): DocumentSource {
  switch (format) {
    case "hocuspocus-sqlite":
      return openHocuspocusSqlite(path);
    case "y-leveldb":
      return openYLeveldb(path);
  }
}

export function databaseFileIn(dataFolder: string): string {
  return join(dataFolder, databaseName);
}

/** Throws `StoreError`, and lets the folder go then. */
export function openDatabase(dataFolder: DataFolder, metrics: Metrics): Store {
  try {
    return openSqliteStore(join(dataFolder.path, databaseName), metrics);
  } catch (error) {
    dataFolder.release();
    throw error;
  }
}
