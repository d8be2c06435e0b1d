import { join } from "node:path";
import { type Clock, systemClock } from "../lib/time/clock.ts";
import { createMetrics, type Metrics } from "../ops/metrics.ts";
import { type DataFolder, openDataFolder, openExistingDataFolder } from "../storage/data-folder.ts";
import type { HistoryStore } from "../storage/history/history-store.ts";
import { DatabaseMissing, databaseName, hasDatabase } from "../storage/sqlite/database-file.ts";
import { type FileStore, openSqliteStore } from "../storage/sqlite/sqlite-store.ts";
import type { Store } from "../storage/store.ts";
import type { WebhookStore } from "../storage/webhook-store.ts";
import { connectToCluster } from "./cluster/open-cluster-database.ts";
import type { ClusterOptions, ServerOptions } from "./server-options.ts";

interface StoreDependencies {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Where documents are: in a data folder, or in a database if there is one. */
export type DocumentPlace = Pick<ServerOptions, "cluster" | "dataFolder">;

/** Documents that are open until `close`. No server can use those of a data folder meanwhile. */
export interface OpenedStore {
  readonly store: Store & { readonly history: HistoryStore; readonly webhooks: WebhookStore };
  close(): Promise<void>;
}

/**
 * Opens the documents of a data folder and creates nothing, or those of a database.
 *
 * Rejects with `DatabaseMissing` when the folder holds no documents, else as `startServer`.
 */
export async function openStore(place: DocumentPlace): Promise<OpenedStore> {
  const opened = await openStoreIfPresent(place);
  if (opened === undefined) throw new DatabaseMissing(databaseFileIn(place.dataFolder));
  return opened;
}

/** As `openStore`, but undefined when the folder holds no documents. */
export async function openStoreIfPresent({ cluster, dataFolder }: DocumentPlace): Promise<OpenedStore | undefined> {
  if (cluster !== undefined) return openStoreOf(cluster);
  return hasDocuments(dataFolder) ? openStoreIn(openExistingDataFolder(dataFolder)) : undefined;
}

/** Creates the folder and the database when they are missing. Rejects as `startServer`. */
export async function openOrCreateStore({ cluster, dataFolder }: DocumentPlace): Promise<OpenedStore> {
  return cluster === undefined ? openStoreIn(openDataFolder(dataFolder)) : openStoreOf(cluster);
}

/** Servers may use the database meanwhile: they follow what is changed. */
async function openStoreOf(cluster: ClusterOptions): Promise<OpenedStore> {
  const database = await connectToCluster(cluster);
  const { openStoreIn: openIn } = await import("../storage/postgres/postgres-store.ts");
  const store = openIn(database, { clock: systemClock, metrics: createMetrics() });
  return {
    store,
    close: async () => {
      try {
        await store.close();
      } finally {
        await database.close();
      }
    },
  };
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
