import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { Database } from "../../storage/postgres/database.ts";
import type { FileStore } from "../../storage/sqlite/sqlite-store.ts";
import type { Store } from "../../storage/store.ts";
import type { WebhookStore } from "../../storage/webhook-store.ts";
import { hasDocuments, openDatabase } from "../open-store.ts";
import type { Part } from "../part.ts";
import type { ServerOptions } from "../server-options.ts";
import { openClusterDatabase } from "./open-cluster-database.ts";

/** Where a server keeps its documents, in the data folder or in a database that several servers share. */
export interface ServerStorage extends Part {
  /** The database that it shares with others; undefined for none. */
  readonly database: Database | undefined;
  /** Undefined for a server that stores no documents. */
  readonly store: (Store & { readonly history: HistoryStore; readonly webhooks: WebhookStore }) | undefined;
  /** The store, if it is in the data folder. */
  readonly files: FileStore | undefined;
}

export interface ServerStorageOptions extends Pick<ServerOptions, "cluster" | "syncEnabled"> {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** An operator who has set the URL may expect to find them in the database. */
const localDocuments = {
  event: "local-documents-unused",
  remedy: "The documents in the data folder are not served. Move them with yurt migrate, or remove yurt.db",
};

/** Rejects with `StoreError`, for a database with `DatabaseUnusable`; nothing is left open then. */
export async function openServerStorage(
  dataFolder: DataFolder | undefined,
  { cluster, syncEnabled, log, ...dependencies }: ServerStorageOptions,
): Promise<ServerStorage> {
  await using opening = new AsyncDisposableStack();
  let password = cluster?.password;
  const connecting = cluster && openClusterDatabase({ cluster, password: () => password ?? "", log, ...dependencies });
  const database = connecting && opening.adopt(await connecting, (connected) => connected.close());
  for (const warning of database?.warnings ?? []) log.warn(warning);
  if (database !== undefined && dataFolder !== undefined && hasDocuments(dataFolder.path)) log.warn(localDocuments);
  const storesDocuments = dataFolder !== undefined && syncEnabled;
  const files = storesDocuments && database === undefined ? openDatabase(dataFolder, dependencies) : undefined;
  const shared = storesDocuments && database !== undefined ? await openShared(database, dependencies) : undefined;
  const store = files ?? shared;
  if (store !== undefined) opening.defer(() => store.close());
  const opened = opening.move();
  return {
    database,
    store,
    files,
    reload: (next) => {
      password = next.cluster?.password;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function openShared(database: Database, dependencies: Pick<ServerStorageOptions, "clock" | "metrics">) {
  const { openStoreIn } = await import("../../storage/postgres/postgres-store.ts");
  return openStoreIn(database, dependencies);
}
