import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import { openAuthorizer } from "./auth/open.ts";
import { SignedRoomTokens } from "./auth/signed-room-tokens.ts";
import type { Limits } from "./config/limits.ts";
import { authorityOf, reachableHost } from "./lib/authority.ts";
import { ByteBudget } from "./lib/byte-budget.ts";
import { systemClock } from "./lib/clock.ts";
import { QuietTask } from "./lib/quiet-task.ts";
import type { Log } from "./ops/log.ts";
import { createMetrics, type Metrics } from "./ops/metrics.ts";
import { CommitQueue } from "./relay/commit-queue.ts";
import { DocumentMemory } from "./relay/document-memory.ts";
import { Durability, type DurabilityOptions } from "./relay/durability.ts";
import { hocuspocus } from "./relay/hocuspocus/protocol.ts";
import { SnapshotBudget } from "./relay/snapshot-budget.ts";
import { SyncRoom } from "./relay/sync-room.ts";
import { startWorkerCompactor } from "./relay/worker-compactor.ts";
import { yWebsocket } from "./relay/y-websocket/protocol.ts";
import { RoomRegistry } from "./rooms/room-registry.ts";
import { cliffy } from "./signaling/cliffy/dialect.ts";
import type { Peer } from "./signaling/cliffy/peer.ts";
import { jsonDialects } from "./signaling/dialects.ts";
import { octateCode } from "./signaling/octatecode/dialect.ts";
import { type OctatePeer, octateCodePeers } from "./signaling/octatecode/peers-session.ts";
import { OctateRooms } from "./signaling/octatecode/rooms.ts";
import { PeerJsNamespace } from "./signaling/peerjs/namespace.ts";
import { peerjs } from "./signaling/peerjs/protocol.ts";
import { Devices } from "./signaling/peers/devices.ts";
import { peers } from "./signaling/peers/protocol.ts";
import { Quotas } from "./signaling/quotas.ts";
import { SignalingRoom } from "./signaling/signaling-room.ts";
import { yWebrtc } from "./signaling/y-webrtc/dialect.ts";
import { Topic } from "./signaling/y-webrtc/topic.ts";
import { type DataFolder, openDataFolder, openExistingDataFolder } from "./storage/data-folder.ts";
import { DatabaseMissing, databaseName, hasDatabase } from "./storage/database-file.ts";
import { openHocuspocusSqlite } from "./storage/import/hocuspocus-sqlite.ts";
import { openYLeveldb } from "./storage/import/y-leveldb.ts";
import type { DocumentSource, SourceFormat } from "./storage/source.ts";
import { openSqliteStore } from "./storage/sqlite.ts";
import type { Store } from "./storage/store.ts";
import { type Assets, openAssets } from "./transport/assets.ts";
import type { CloseReason } from "./transport/close-reason.ts";
import { EngineIo } from "./transport/engine-io.ts";
import { createHttp } from "./transport/http.ts";
import { NativeChannels } from "./transport/native-channel.ts";
import type { Protocol } from "./transport/protocol.ts";
import { assetsRefresher } from "./transport/source-assets.ts";
import { Listener } from "./transport/websocket.ts";

export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Further ports, for clients whose port and path are fixed. */
  readonly compatibilityPorts: readonly number[];
  readonly dataFolder: string;
  /** Without it nothing is stored, and only signaling is served. */
  readonly syncEnabled: boolean;
  readonly durability: DurabilityOptions["durability"];
  readonly peerjs: {
    /** What clients have to name. */
    readonly key: string;
    /** Whether whoever asks is told the ids of all clients. */
    readonly discoveryEnabled: boolean;
  };
  /** As `ListenerOptions`. */
  readonly origins: readonly string[];
  readonly proxies: readonly string[];
  readonly limits: Limits;
  readonly log: Log;
}

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

/** The part of a server that stores documents. */
interface Relay {
  readonly protocols: readonly Protocol[];
  readonly dataFolderIsNew: boolean;
  isReady(): boolean;
  /** Everything that has arrived is written, or given up. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Shared extends Pick<ServerOptions, "limits" | "log"> {
  readonly metrics: Metrics;
  readonly channels: NativeChannels;
  readonly quotas: Quotas;
}

const relayEndpoints = [
  { label: "y-websocket", scheme: "ws", path: "/sync" },
  { label: "Hocuspocus", scheme: "ws", path: "/collab" },
];
const worthCollectingBytes = 8 * 2 ** 20;
const syncLingerMs = 10_000;
/** After the last room has closed: the memory of all of them is given back. */
const emptyMs = 1_000;
const signalingLingerMs = 1_000;

/** Rejects with `DataFolderLocked`, `StoreError`, or the system's error when it cannot listen; nothing is left open then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, limits, log } = options;
  const channels = new NativeChannels(limits);
  const metrics = createMetrics();
  const quotas = new Quotas({ limits, clock: systemClock, metrics });
  const shared = { limits, log, metrics, channels, quotas };
  const relay = options.syncEnabled ? openRelay(options, shared) : undefined;
  const signaling = openSignaling(shared);
  const direct = openDirectSignaling(options, shared);
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
    isReady,
    assets: openPages(log),
    demo: { version: packageJson.version, sync: relay !== undefined },
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
      origins: new Set(options.origins),
      proxies: new Set(options.proxies),
      clock: systemClock,
    });
  } catch (error) {
    await relay?.close();
    throw error;
  }
  const authority = authorityOf(reachableHost(host), listener.port);
  return {
    host,
    port: listener.port,
    compatibilityPorts: listener.compatibilityPorts,
    url: `http://${authority}`,
    dataFolder: relay && options.dataFolder,
    dataFolderIsNew: relay?.dataFolderIsNew ?? false,
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
    },
  };
}

/** The executable carries its pages; from source they are built when they are asked for. */
function openPages(log: Log): Assets {
  if (Bun.isStandaloneExecutable) return openAssets({ path: join(import.meta.dir, "web") });
  const root = join(import.meta.dir, "..");
  return openAssets({ path: join(root, "dist", "development"), refresh: assetsRefresher(root, log) });
}

function openRelay(options: ServerOptions, shared: Shared): Relay {
  const { limits, log, metrics } = shared;
  const clock = systemClock;
  const dataFolder = openDataFolder(options.dataFolder);
  const store = openDatabase(dataFolder, metrics);
  const compactor = startWorkerCompactor();
  const durability = new Durability({ store, durability: options.durability, clock, log, metrics });
  const queue = new CommitQueue({ store, durability, clock, limits, log, metrics });
  const room = {
    store,
    queue,
    durability,
    compactor,
    memory: new DocumentMemory({ limitBytes: limits.documentMemoryBytes, dropped: collectGarbage(), clock, metrics }),
    snapshots: new SnapshotBudget({ limits, clock, metrics }),
    openChannel: shared.channels.open,
    clock,
    limits,
    log,
    metrics,
  };
  const rooms = new RoomRegistry<SyncRoom>({
    open: (name) => SyncRoom.open(name, room),
    close: async (opened) => {
      await opened.close();
      whenEmpty.stir();
    },
    hurry: (closing) => closing.hurry(),
    closeFailed: (_, error) => log.error({ event: "room-close-failed", err: error }),
    lingerMs: syncLingerMs,
    clock,
  });
  // `gc(false)` gives nothing of closed rooms back, and this stops everything for some milliseconds.
  const collect = () => Bun.gc(true);
  const whenEmpty = new QuietTask({ task: collect, isQuiet: () => rooms.size === 0, delayMs: emptyMs, clock });
  const authorizer = openAuthorizer;
  return {
    protocols: [yWebsocket({ rooms, authorizer, limits }), hocuspocus({ rooms, authorizer, limits, clock, log })],
    dataFolderIsNew: dataFolder.isNew,
    isReady: () => !queue.isFailing,
    flush: () => queue.close(),
    close: async () => {
      await queue.close();
      await compactor.close();
      await rooms.drain();
      whenEmpty.close();
      await store.close();
      dataFolder.release();
    },
  };
}

/** The runtime collects garbage as it allocates: a server that has become quiet would keep what it needs no more. */
function collectGarbage(): (bytes: number) => void {
  let droppedBytes = 0;
  return (bytes) => {
    droppedBytes += bytes;
    if (droppedBytes < worthCollectingBytes) return;
    droppedBytes = 0;
    // Beside the event loop, as far as it can be.
    Bun.gc(false);
  };
}

function openDatabase(dataFolder: DataFolder, metrics: Metrics): Store {
  try {
    return openSqliteStore(join(dataFolder.path, databaseName), metrics);
  } catch (error) {
    dataFolder.release();
    throw error;
  }
}

/** The part of a server that introduces clients to each other. */
function openSignaling({ limits, log, channels, quotas }: Shared): {
  readonly protocol: Protocol;
  close(): Promise<void>;
} {
  // A registry of its own for each dialect: equal room names of two dialects never meet.
  const registries: Pick<RoomRegistry<unknown>, "drain">[] = [];
  const registry = <Room>(open: () => Room): RoomRegistry<Room> => {
    const opened = new RoomRegistry<Room>({
      open,
      close: () => {},
      closeFailed: (_, error) => log.error({ event: "room-close-failed", err: error }),
      lingerMs: signalingLingerMs,
      clock: systemClock,
    });
    registries.push(opened);
    return opened;
  };
  const authorizer = openAuthorizer;
  const all = { authorizer, limits, log, clock: systemClock };
  const { signalingRoomMembers: memberLimit, peerIdsPerSubscriber } = limits;
  const { open: openChannel } = channels;
  const openTopic = () => new Topic({ openChannel, memberLimit, peerIdsPerSubscriber });
  const octateRooms = new OctateRooms({ openChannel, limits, clock: systemClock });
  // Whoever may enter every room may have a token for every room: there is no mode but the open one.
  const tokens = new SignedRoomTokens(systemClock, limits.roomTokenMs);
  const dialects = [
    octateCode({ ...all, rooms: octateRooms, tokens, usage: processUsage }),
    octateCodePeers({ ...all, rooms: registry(() => new SignalingRoom<OctatePeer>(openChannel, memberLimit)) }),
    cliffy({ ...all, rooms: registry(() => new SignalingRoom<Peer>(openChannel, memberLimit)) }),
    // At last: it has no first message of its own.
    yWebrtc({ ...all, rooms: registry(openTopic) }),
  ];
  return {
    protocol: jsonDialects({ dialects, limits, quotas }),
    close: async () => {
      octateRooms.close();
      await Promise.all(registries.map((opened) => opened.drain()));
    },
  };
}

/** As OctateCode's clients show it: megabytes, and microseconds. */
function processUsage() {
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const megabytes = (bytes: number) => Math.round(bytes / 2 ** 20);
  const memory = {
    heapUsed: megabytes(heapUsed),
    heapTotal: megabytes(heapTotal),
    heapPercent: Math.round((100 * heapUsed) / heapTotal),
    external: megabytes(external),
  };
  return { uptimeMs: Math.round(process.uptime() * 1_000), memory, cpu: { user, system, total: user + system } };
}

/** Signaling for clients that name their receiver, who may still have to come: what they say waits in a mailbox. */
function openDirectSignaling(
  { peerjs: { key, discoveryEnabled } }: ServerOptions,
  { limits, log, metrics, quotas }: Shared,
): { readonly protocols: readonly Protocol[]; readonly engine: EngineIo; close(): void } {
  const mailBudget = new ByteBudget(limits.mailboxesBytes);
  metrics.letterBytes.readFrom(() => mailBudget.usedBytes);
  const clock = systemClock;
  const namespace = new PeerJsNamespace({ mailBudget, clock, limits, metrics });
  const devices = new Devices({ mailBudget, clock, limits, metrics });
  const all = { authorizer: openAuthorizer, quotas, limits, clock };
  const protocol = peers({ ...all, devices, iceServers: () => [] });
  return {
    protocols: [peerjs({ ...all, key, discoveryEnabled, namespace })],
    engine: new EngineIo({ protocol, limits, clock, log, metrics }),
    close: () => {
      namespace.close();
      devices.close();
    },
  };
}

// For the commands that work on a data folder without a server.

export { backUpDatabase, type CopiedUpdate } from "./storage/backup.ts";
export { restoreDatabase } from "./storage/restore.ts";
export { startWorkerCompactor as openCompactor };

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
