import type { AdminLink } from "./auth/admin/admin-links.ts";
import type { MintToken } from "./auth/token-order.ts";
import { openAccess } from "./composition/access/access.ts";
import { openAccessKeeping } from "./composition/access/access-keeping.ts";
import { openAdministration } from "./composition/administration/administration.ts";
import { openApi } from "./composition/api/api.ts";
import { openDocuments } from "./composition/api/documents.ts";
import { openEventStreams } from "./composition/api/event-streams.ts";
import { openBackups } from "./composition/backups/backups.ts";
import { openBus } from "./composition/cluster/open-bus.ts";
import { clusterStateOf, openServerStorage } from "./composition/cluster/server-storage.ts";
import { openHttps } from "./composition/https.ts";
import { openOperations } from "./composition/operations.ts";
import { openPages } from "./composition/pages.ts";
import type { Part } from "./composition/part.ts";
import { openRelay } from "./composition/relay.ts";
import { type ServedParts, serveParts } from "./composition/serve-parts.ts";
import { needsDataFolder, type ServerOptions, type ServerSettings } from "./composition/server-options.ts";
import { reloadableLimits } from "./composition/settings/limits.ts";
import { openSignaling } from "./composition/signaling.ts";
import { openIce } from "./composition/turn/ice.ts";
import { type ListeningTurn, openTurn, type Turn } from "./composition/turn/turn.ts";
import { openWebhooks } from "./composition/webhooks.ts";
import { CountedAddresses } from "./lib/address/counted-addresses.ts";
import { systemClock } from "./lib/time/clock.ts";
import { Pulse } from "./lib/time/pulse.ts";
import { OriginSet } from "./lib/web-origin/origin-set.ts";
import { createMetrics } from "./ops/metrics.ts";
import { startWorkerCompactor } from "./relay/compaction/worker-compactor.ts";
import { openDataFolder } from "./storage/data-folder.ts";
import type { Certificate } from "./tls/certificate.ts";
import { originPolicyOf } from "./transport/admission/origin-policy.ts";
import { type CloseReason, closeReasons } from "./transport/close-reason.ts";
import { NativeChannels } from "./transport/native-channel.ts";
import { Outboxes } from "./transport/outboxes/outboxes.ts";
import { Scheduler } from "./transport/scheduling/scheduler.ts";

export interface RunningServer extends Omit<ServedParts, "close" | "reload" | "replaceCertificate" | "whyNotReady"> {
  readonly host: string;
  /** Undefined for a server of plain HTTP. */
  readonly https: RunningHttps | undefined;
  /** Where STUN and TURN listen, and what the operator should know about it. */
  readonly turn: RunningTurn;
  /** Undefined when nothing is stored. */
  readonly dataFolder: string | undefined;
  readonly dataFolderIsNew: boolean;
  /** The database with the documents, as `Database.place`; undefined for documents in the data folder. */
  readonly database: string | undefined;
  /** Mints a token that the server accepts. */
  readonly mint: MintToken;
  /** Makes a link that lets its reader in as an administrator, once. */
  createAdminLink(): Promise<AdminLink>;
  /** Has `task` called with the first client of each protocol; at once for those that had one. Call it once. */
  whenFirstClient(task: (protocol: string) => void): void;
  /**
   * Closes the connections with `reason`, in waves if there are many, within `drainMs`. Then writes everything, and frees
   * the ports and the data folder.
   */
  stop(reason: CloseReason, drainMs?: number): Promise<void>;
  /**
   * Takes over the reloadable settings of `next` (`Option.isReloadable`); the others are ignored. They hold for requests
   * and connections that follow, and for open connections where a bound is not kept with the connection or room.
   *
   * A part that fails keeps its former settings, and the others have their new ones: an `AggregateError` has the errors.
   */
  reload(next: ServerSettings): Promise<void>;
}

export interface RunningHttps {
  /** The certificate in use; undefined until there is a first one. */
  readonly certificate: Pick<Certificate, "names" | "expiresAt"> | undefined;
  /** The URL of the port for plain HTTP, without a slash at the end. */
  readonly httpUrl: string | undefined;
}

export interface RunningTurn extends Pick<Turn, "warnings"> {
  /** Undefined if nothing listens. */
  readonly listening: ListeningTurn | undefined;
}

const syncLingerMs = 10_000;
const signalingLingerMs = 1_000;
const pulseMs = 200;

/** Rejects with `DataFolderLocked`, `StoreError`, or the system's error when it cannot listen; nothing is left open then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { auth, host, limits, publicUrl } = options;
  await using opening = new AsyncDisposableStack();
  const channels = new NativeChannels(limits);
  const originPolicy = originPolicyOf(host, options.origins, { isOpen: auth.mode === "open", publicUrl });
  const shared = {
    clock: systemClock,
    pulse: new Pulse({ intervalMs: pulseMs, clock: systemClock }),
    metrics: createMetrics(),
    addresses: new CountedAddresses(),
  };
  const local = {
    ...options,
    ...shared,
    outboxes: new Outboxes({ ...shared, limits }),
    scheduler: new Scheduler({ ...shared, limits, elapsedMs: () => performance.now() }),
    openChannel: channels.open,
    originPolicy,
  };
  const dataFolder = needsDataFolder(options)
    ? opening.adopt(openDataFolder(options.dataFolder), (folder) => folder.release())
    : undefined;
  // It opens before access control, which writes secrets: a folder with a broken database stays as it is.
  const storage = opening.use(await openServerStorage(dataFolder, local));
  const { database, files, store } = storage;
  const bus = opening.adopt(await openBus(database, local), (opened) => opened?.close());
  const dependencies = { ...local, bus, lead: storage.lead };
  const https =
    options.https && opening.use(openHttps(options.https, { ...dependencies, dataFolder: dataFolder?.path }));
  const pages = opening.use(openPages(options));
  const keeping = opening.use(await openAccessKeeping({ ...dependencies, dataFolder, database }));
  const { apiKeys, links, roomTokenSecret, secrets: ownSecrets } = keeping;
  const access = opening.use(await openAccess(keeping, dependencies));
  const { administration, authorizer } = access;
  const turn = opening.use(await openTurn({ ...dependencies, ownSecrets, certificate: https?.certificate }));
  const { iceServers } = turn;
  access.whenUserRevoked((user, revokedAt) => turn.endUser(user, revokedAt));
  const contents = [dataFolder, files, ...keeping.contents, ...(https?.contents ?? [])].filter(
    (content) => content !== undefined,
  );
  const { readersShowPresence } = auth;
  const authorized = { ...dependencies, administration, apiKeys, authorizer, readersShowPresence, iceServers };
  const operations = opening.use(openOperations({ ...authorized, contents }));
  const relay =
    store &&
    opening.use(openRelay(store, { ...authorized, compactor: startWorkerCompactor(), lingerMs: syncLingerMs }));
  await relay?.follow();
  const events = opening.use(openEventStreams(dependencies));
  const { streams } = events;
  const documents = store && relay && opening.use(openDocuments({ ...authorized, relay, store, streams }));
  const webhooks =
    store &&
    relay &&
    documents &&
    opening.use(await openWebhooks(store.webhooks, { ...dependencies, content: documents.content, relay }));
  const backups = dataFolder && files && opening.use(openBackups({ ...dependencies, dataFolder, store: files }));
  const ice = opening.use(openIce(authorized));
  const signaling = opening.use(openSignaling({ ...authorized, roomTokenSecret, lingerMs: signalingLingerMs }));
  const own: readonly Part[] = [
    operations,
    storage,
    https,
    pages,
    access,
    events,
    documents,
    relay,
    webhooks,
    backups,
    turn,
    ice,
    signaling,
  ].filter((part) => part !== undefined);
  const administered = opening.use(
    openAdministration({
      ...authorized,
      streams,
      links,
      mint: access.mint,
      revocations: access.revocations,
      sync: relay?.rooms,
      signaling: signaling.rooms,
      storesDocuments: store !== undefined,
      certificate: () => https?.certificate,
      turn: () => turn.facts,
      backup: () => backups?.state() ?? null,
      cluster: () => clusterStateOf(storage, bus),
      makeBackup: async () => (await backups?.makeNow()) ?? { outcome: "off" },
      whyNotReady: (): readonly string[] => served.whyNotReady(),
    }),
  );
  const parts = [...own, administered];
  const routes = parts.flatMap(({ api = [] }) => api);
  parts.push(opening.use(openApi(routes, authorized)));
  // A client that comes earlier could get an id that one of another node has.
  await bus?.met();
  const served: ServedParts = opening.adopt(
    serveParts(parts, { ...authorized, channels, assets: pages.assets, encryption: https }),
    // Only a failure that follows leads here with connections open.
    (servedParts) => servedParts.close(closeReasons.restart),
  );
  const { close, reload, replaceCertificate, whyNotReady, ...reachable } = served;
  const httpUrl = https?.serve(served.port, (certificate) => {
    replaceCertificate(certificate);
    turn.replaceCertificate(certificate);
  });
  dataFolder?.announce(served.url);
  const opened = opening.move();
  return {
    ...reachable,
    host,
    https: https && { certificate: https.certificate, httpUrl },
    turn: { listening: turn.listening, warnings: turn.warnings },
    dataFolder: dataFolder && options.dataFolder,
    dataFolderIsNew: dataFolder?.isNew ?? false,
    database: storage.database?.place,
    mint: access.mint,
    createAdminLink: () => administered.createLink(),
    reload: async (next) => {
      Object.assign(limits, reloadableLimits(next.limits));
      originPolicy.origins = new OriginSet(next.origins);
      await reload(next);
    },
    whenFirstClient: (task) => shared.metrics.traffic.whenFirstOpened(task),
    stop: async (reason, drainMs) => {
      const [closed] = await Promise.allSettled([close(reason, drainMs)]);
      const [disposed] = await Promise.allSettled([opened.disposeAsync()]);
      const errors = [closed, disposed].flatMap((step) => (step.status === "rejected" ? [step.reason] : []));
      if (errors.length > 0) throw new AggregateError(errors, "The server did not stop cleanly.");
    },
  };
}
