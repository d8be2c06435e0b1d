import { join } from "node:path";
import { cors } from "hono/cors";
import packageJson from "../package.json" with { type: "json" };
import { createAccessApi } from "./admin/access-api.ts";
import { type AccessControl, type AccessOptions, openAccess } from "./composition/access.ts";
import { openDatabase } from "./composition/open-store.ts";
import { openRelay } from "./composition/relay.ts";
import type { ServerOptions } from "./composition/server-options.ts";
import { openDirectSignaling, openSignaling } from "./composition/signaling.ts";
import { authorityOf, reachableHost } from "./lib/address/authority.ts";
import { systemClock } from "./lib/time/clock.ts";
import type { Log } from "./ops/log.ts";
import { createMetrics } from "./ops/metrics.ts";
import { Quotas } from "./signaling/quotas.ts";
import { type DataFolder, openDataFolder } from "./storage/data-folder.ts";
import type { Store } from "./storage/store.ts";
import { readersOf } from "./transport/admission/cross-origin.ts";
import { originPolicyOf } from "./transport/admission/origin-policy.ts";
import type { CloseReason } from "./transport/close-reason.ts";
import { createHttp } from "./transport/http.ts";
import { Listener } from "./transport/listener.ts";
import { NativeChannels } from "./transport/native-channel.ts";
import { type Assets, openAssets } from "./transport/pages/assets.ts";
import { assetsRefresher } from "./transport/pages/source-assets.ts";

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly compatibilityPorts: readonly number[];
  /** Where HTTP is answered, without a slash at the end. */
  readonly url: string;
  /** Undefined when nothing is stored. */
  readonly dataFolder: string | undefined;
  readonly dataFolderIsNew: boolean;
  /** What listens, with URLs that can be handed to browsers and clients. */
  readonly endpoints: readonly { readonly label: string; readonly url: string }[];
  /** Writes everything, closes every connection with `reason`, and frees the port and the data folder. */
  stop(reason: CloseReason): Promise<void>;
}

const relayEndpoints = [
  { label: "y-websocket", scheme: "ws", path: "/sync" },
  { label: "Hocuspocus", scheme: "ws", path: "/collab" },
];

/** Rejects with `DataFolderLocked`, `StoreError`, or the system's error when it cannot listen; nothing is left open then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, limits, log } = options;
  const channels = new NativeChannels(limits);
  const metrics = createMetrics();
  const quotas = new Quotas({ limits, clock: systemClock, metrics });
  const originPolicy = originPolicyOf(host, options.origins);
  const shared = { originPolicy, limits, log, metrics, channels, quotas };
  const isFolderNeeded = options.syncEnabled || options.auth.mode !== "open";
  const dataFolder = isFolderNeeded ? openDataFolder(options.dataFolder) : undefined;
  // First: a folder whose documents cannot be served stays as it is.
  const store = dataFolder && options.syncEnabled ? openDatabase(dataFolder, metrics) : undefined;
  const access = await openAccessBeside(store, dataFolder, { ...options, ...shared });
  const { administration, authorizer } = access;
  const relay = store && openRelay(store, { ...options, ...shared, authorizer });
  const signaling = openSignaling({ ...shared, administration, authorizer });
  const direct = openDirectSignaling(options, { ...shared, administration, authorizer });
  // On the compatibility ports the first that matches answers: the JSON dialects take every path.
  const protocols = [...(relay?.protocols ?? []), ...direct.protocols, signaling.protocol];
  const endpoints = [
    { label: "Demo", scheme: "http", path: "/" },
    ...(relay === undefined ? [] : relayEndpoints),
    { label: "y-webrtc", scheme: "ws", path: "/signal" },
    { label: "PeerJS", scheme: "http", path: "/peerjs" },
    { label: "Peers", scheme: "http", path: "/socket.io/" },
  ];
  let isStopping = false;
  const isReady = () => !isStopping && (relay?.isReady() ?? true);
  const pages = {
    protocols,
    originPolicy,
    api: createAccessApi({ ...access, cors: cors({ origin: readersOf(originPolicy) }), limits, clock: systemClock }),
    isReady,
    assets: openPages(log),
    demo: { version: packageJson.version, sync: relay !== undefined, mode: options.auth.mode },
  };
  const { fetch } = createHttp(pages);
  const compatibility = {
    ports: options.compatibilityPorts,
    fetch: createHttp({ ...pages, isForCompatibility: true }).fetch,
  };
  let listener: Listener;
  try {
    listener = new Listener({
      ...shared,
      host,
      port: options.port,
      protocols,
      engines: [direct.engine],
      fetch,
      compatibility,
      origins: options.origins,
      proxies: options.proxies,
      clock: systemClock,
    });
  } catch (error) {
    await relay?.close();
    await access.close();
    dataFolder?.release();
    throw error;
  }
  const authority = authorityOf(reachableHost(host), listener.port);
  return {
    host,
    port: listener.port,
    compatibilityPorts: listener.compatibilityPorts,
    url: `http://${authority}`,
    dataFolder: dataFolder && options.dataFolder,
    dataFolderIsNew: dataFolder?.isNew ?? false,
    endpoints: endpoints.map(({ label, scheme, path }) => ({ label, url: `${scheme}://${authority}${path}` })),
    stop: async (reason) => {
      isStopping = true;
      listener.drain();
      await relay?.flush();
      await direct.engine.close(reason);
      await listener.close(reason);
      await signaling.close();
      direct.close();
      await relay?.close();
      await access.close();
      dataFolder?.release();
    },
  };
}

/** As `openAccess`; when that throws, the store is closed and the folder let go. */
async function openAccessBeside(
  store: Store | undefined,
  dataFolder: DataFolder | undefined,
  options: AccessOptions,
): Promise<AccessControl> {
  try {
    return openAccess(dataFolder, options);
  } catch (error) {
    await store?.close();
    dataFolder?.release();
    throw error;
  }
}

/** The executable carries its pages; from source they are built when they are asked for. */
function openPages(log: Log): Assets {
  if (Bun.isStandaloneExecutable) return openAssets({ path: join(import.meta.dir, "web") });
  const root = join(import.meta.dir, "..");
  return openAssets({ path: join(root, "dist", "development"), refresh: assetsRefresher(root, log) });
}
