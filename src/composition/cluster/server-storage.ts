import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { Database } from "../../storage/postgres/database.ts";
import type { FileStore } from "../../storage/sqlite/sqlite-store.ts";
import type { Store } from "../../storage/store.ts";
import type { WebhookStore } from "../../storage/webhook-store.ts";
import { openDatabase } from "../open-store.ts";
import type { ServerOptions } from "../server-options.ts";

/** Where a server keeps its documents, in the data folder or in a database that several servers share. */
export interface ServerStorage extends AsyncDisposable {
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

/** Rejects with `StoreError`; nothing is left open then. */
export async function openServerStorage(
  dataFolder: DataFolder | undefined,
  { cluster, syncEnabled, log, ...dependencies }: ServerStorageOptions,
): Promise<ServerStorage> {
  await using opening = new AsyncDisposableStack();
  // A server on its own does not load the modules.
  const database = cluster && opening.adopt(await connect(cluster), (connected) => connected.close());
  for (const warning of database?.warnings ?? []) log.warn(warning);
  const storesDocuments = dataFolder !== undefined && syncEnabled;
  const files = storesDocuments && database === undefined ? openDatabase(dataFolder, dependencies) : undefined;
  const shared = storesDocuments && database !== undefined ? await openShared(database, dependencies) : undefined;
  const store = files ?? shared;
  if (store !== undefined) opening.defer(() => store.close());
  const opened = opening.move();
  return { database, store, files, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

async function connect({ url }: NonNullable<ServerOptions["cluster"]>): Promise<Database> {
  const postgres = await import("../../storage/postgres/database.ts");
  return postgres.openDatabase({ url: url.href });
}

async function openShared(database: Database, dependencies: Pick<ServerStorageOptions, "clock" | "metrics">) {
  const { openStoreIn } = await import("../../storage/postgres/postgres-store.ts");
  return openStoreIn(database, dependencies);
}
