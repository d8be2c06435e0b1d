import type { Bus } from "../../cluster/bus.ts";
import type { Lead } from "../../cluster/lead.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Log } from "../../ops/log.ts";
import type { Metrics } from "../../ops/metrics.ts";
import type { DataFolder } from "../../storage/data-folder.ts";
import type { HistoryStore } from "../../storage/history/history-store.ts";
import type { Database } from "../../storage/postgres/database.ts";
import type { NodeSession, NodeSessionOptions } from "../../storage/postgres/node-session.ts";
import type { FileStore } from "../../storage/sqlite/sqlite-store.ts";
import { availableBytesAt } from "../../storage/sqlite/store-size.ts";
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
  /** Whether this server does what is done once for all that share the database; undefined for one on its own. */
  readonly lead: Lead | undefined;
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
  const { metrics } = dependencies;
  const storesDocuments = dataFolder !== undefined && syncEnabled;
  if (cluster === undefined) return ofFiles(storesDocuments ? openDatabase(dataFolder, dependencies) : undefined);
  await using opening = new AsyncDisposableStack();
  let { password } = cluster;
  const connecting = openClusterDatabase({ cluster, password: () => password ?? "", log, ...dependencies });
  const database = opening.adopt(await connecting, (connected) => connected.close());
  for (const warning of database.warnings) log.warn(warning);
  if (dataFolder !== undefined && hasDocuments(dataFolder.path)) log.warn(localDocuments);
  const session = opening.use(await openSession(database, { ...dependencies, mayLead: storesDocuments }));
  const store = storesDocuments ? await openShared(database, dependencies) : undefined;
  if (store !== undefined) opening.defer(() => store.close());
  metrics.databaseSilence.readFrom(() => session.silentMs / 1_000);
  metrics.databaseQueueAge.readFrom(() => (store?.health().queueAgeMs ?? 0) / 1_000);
  metrics.clusterLag.readFrom(() => store?.health().lagBatches ?? 0);
  metrics.clusterLeading.readFrom(() => (session.isLeading ? 1 : 0));
  metrics.diskAvailableBytes.readFrom(() => (dataFolder ? availableBytesAt(dataFolder.path) : Number.NaN));
  const opened = opening.move();
  return {
    database,
    store,
    files: undefined,
    lead: session,
    whyNotReady: () => {
      const reasons = [...whySilent(session), ...(store?.health().reasons ?? [])];
      return reasons.length === 0 ? undefined : reasons.join(", and ");
    },
    // The parts that follow wait for their statements.
    drain: async () => session.stopping(),
    reload: (next) => {
      password = next.cluster?.password;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The facts about the cluster for administrators; null for a server on its own. */
export function clusterStateOf({ database, lead }: ServerStorage, bus: Bus | undefined) {
  if (database === undefined) return null;
  return { database: database.place, otherNodes: bus?.peers.size ?? 0, leads: lead?.isLeading === true };
}

function ofFiles(files: FileStore | undefined): ServerStorage {
  return {
    database: undefined,
    store: files,
    files,
    lead: undefined,
    [Symbol.asyncDispose]: async () => files?.close(),
  };
}

/** The database is asked once a second. A short pause, as of a failover, need not move all clients to other nodes. */
const longSilenceMs = 5_000;

function whySilent({ silentMs }: NodeSession): readonly string[] {
  return silentMs > longSilenceMs ? [`the database has not answered for ${Math.floor(silentMs / 1_000)} s`] : [];
}

// A server on its own does not load the modules.
async function openSession(database: Database, options: Omit<NodeSessionOptions, "database">): Promise<NodeSession> {
  const { NodeSession: Session } = await import("../../storage/postgres/node-session.ts");
  return Session.open({ ...options, database });
}

async function openShared(database: Database, dependencies: Pick<ServerStorageOptions, "clock" | "metrics">) {
  const { openStoreIn } = await import("../../storage/postgres/postgres-store.ts");
  return openStoreIn(database, dependencies);
}
