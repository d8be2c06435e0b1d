import type { Authorizer } from "../auth/authorizer.ts";
import { Ticker } from "../lib/time/ticker.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import { PresenceNodes } from "../relay/awareness/nodes/presence-nodes.ts";
import { Changes } from "../relay/changes.ts";
import { CommitQueue } from "../relay/commit/commit-queue.ts";
import { Durability } from "../relay/commit/durability.ts";
import { RunBuffers } from "../relay/commit/update-run.ts";
import type { Compactor } from "../relay/compaction/compactor.ts";
import { DocumentMemory } from "../relay/document/document-memory.ts";
import { Garbage } from "../relay/document/garbage.ts";
import { DroppedMessages } from "../relay/dropped-messages.ts";
import { FollowedRooms } from "../relay/followed-rooms.ts";
import { hocuspocus } from "../relay/hocuspocus/protocol.ts";
import { RoomEvents } from "../relay/room-events.ts";
import { writingFirstContent } from "../relay/server-updates/first-content.ts";
import { SnapshotBudget } from "../relay/snapshot/snapshot-budget.ts";
import { SyncRoom, type SyncRoomOptions } from "../relay/sync-room.ts";
import { yWebsocket } from "../relay/y-websocket/protocol.ts";
import { RoomRegistry } from "../rooms/room-registry.ts";
import type { ChangeKind, Store } from "../storage/store.ts";
import { endpointsOf, type Part } from "./part.ts";
import type { PartDependencies, ServerOptions } from "./server-options.ts";

/** The interval of the periodic work of each room: keepalives, expired awareness. */
const roomIntervalMs = 5_000;

/** A failover of a database takes some seconds. Clients whose updates cannot be stored for so long are told. */
const sharedStorePatienceMs = 30_000;

export interface SyncRoomDependencies
  extends Omit<PartDependencies, "originPolicy" | "scheduler" | "outboxes">,
    Pick<
      ServerOptions,
      "durability" | "acknowledgementWindowMs" | "documentMemoryBytes" | "keepsDeleted" | "historyKeepMs"
    > {
  readonly compactor: Compactor;
  readonly readersShowPresence: boolean;
}

export interface RelayOptions extends SyncRoomDependencies, Pick<PartDependencies, "addresses"> {
  readonly authorizer: Authorizer;
  /** How long a room without members stays open. */
  readonly lingerMs: number;
}

/**
 * The options that all sync rooms on `store` share. The memory for documents, the window of acknowledgements and how long
 * histories are kept are read from `options` whenever they are needed: their owner may change them. `dropped` is told how many bytes have become garbage.
 */
export function syncRoomOptions(
  store: Store,
  options: SyncRoomDependencies,
  dropped: (bytes: number) => void,
): SyncRoomOptions {
  const { addresses, bus, clock, compactor, keepsDeleted, limits, log, metrics, openChannel, pulse } = options;
  const common = { store, clock, limits, log, limitedLog: new LimitedLog(log, clock), metrics };
  const durability = new Durability({
    ...common,
    get acknowledgementWindowMs() {
      return options.acknowledgementWindowMs;
    },
    durability: options.durability,
  });
  const memory = new DocumentMemory({
    ...common,
    get limitBytes() {
      return options.documentMemoryBytes;
    },
    dropped,
  });
  return {
    ...common,
    compactor,
    keepsDeleted,
    keepsHistory: (name) => options.historyKeepMs(name) > 0,
    openChannel,
    readersShowPresence: options.readersShowPresence,
    presenceNodes: bus && new PresenceNodes(bus, clock),
    durability,
    changes: new Changes(),
    events: new RoomEvents(),
    dropped: new DroppedMessages(common),
    ticker: new Ticker({ intervalMs: roomIntervalMs, pulse }),
    queue: new CommitQueue({ ...common, durability, patienceMs: store.health && sharedStorePatienceMs }),
    buffers: new RunBuffers(limits),
    memory,
    snapshots: new SnapshotBudget({ ...common, addresses, dropped }),
  };
}

export interface SyncRoomsOptions {
  /** A room has closed. */
  readonly closed: () => void;
  /** How long a room without members stays open. */
  readonly lingerMs: number;
}

/** The registry of the sync rooms that share `room`. */
export function openSyncRooms(room: SyncRoomOptions, { closed, lingerMs }: SyncRoomsOptions): RoomRegistry<SyncRoom> {
  const { clock, log } = room;
  return new RoomRegistry<SyncRoom>({
    open: (name) => SyncRoom.open(name, room),
    close: async (opened) => {
      await opened.close();
      closed();
    },
    reopenRequested: (closing) => closing.skipCompaction(),
    closeFailed: (_, error) => log.error({ event: "room-close-failed", err: error }),
    lingerMs,
    clock,
  });
}

/** The part of a server that stores documents and relays their updates. */
export interface Relay extends Part {
  readonly rooms: RoomRegistry<SyncRoom>;
  /** The presence on the other nodes; undefined for a server that is alone. */
  readonly presenceNodes: PresenceNodes | undefined;
  /** Every committed update. */
  readonly changes: Changes;
  readonly events: RoomEvents;
  /**
   * Brings what other nodes change to the rooms that are open. Called once, before clients connect. Rejects with `StoreError`.
   */
  follow(): Promise<void>;
  /** As `FollowedRooms.whenChanged`. */
  whenChangedElsewhere(task: (document: string, kind: ChangeKind) => void): void;
}

/** Opens the relay. It closes the compactor, and not the store. */
export function openRelay(store: Store, options: RelayOptions): Relay {
  const { addresses, authorizer, bus, clock, compactor, limits, lingerMs, log, metrics } = options;
  const garbage = new Garbage({ clock, collect: (isFull) => Bun.gc(isFull) });
  const changeable = { ...options };
  const room = syncRoomOptions(store, changeable, (bytes) => garbage.dropped(bytes));
  const { dropped, limitedLog, queue } = room;
  const rooms = openSyncRooms(room, { lingerMs, closed: () => garbage.roomClosed(rooms.size) });
  const medium = store.health === undefined ? "disk" : "database";
  metrics.rooms.readFrom("sync", () => rooms.size);
  const shared = { rooms, authorizer: writingFirstContent({ authorizer, rooms, limitedLog }) };
  const followed = new FollowedRooms({ rooms, changes: room.changes, clock, log });
  const protocols = [
    yWebsocket({ ...shared, limits, metrics, dropped }),
    hocuspocus({ ...shared, addresses, bus, limits, clock, limitedLog, metrics, dropped }),
  ];
  return {
    rooms,
    presenceNodes: room.presenceNodes,
    changes: room.changes,
    events: room.events,
    follow: async () => store.follow?.(followed),
    whenChangedElsewhere: (task) => followed.whenChanged(task),
    protocols,
    endpoints: endpointsOf(protocols),
    whyNotReady: () => (queue.isFailing ? `updates cannot be written to the ${medium}` : undefined),
    reload: ({ documentMemoryBytes, acknowledgementWindowMs, historyKeepMs }) => {
      Object.assign(changeable, { documentMemoryBytes, acknowledgementWindowMs, historyKeepMs });
    },
    settle: async () => {
      await queue.idle();
      await room.durability.settled();
    },
    // Every update that has arrived is stored and acknowledged, or given up. Those that wait for a compaction are given up.
    drain: async () => {
      await compactor.close();
      await queue.close();
    },
    [Symbol.asyncDispose]: async () => {
      await using closing = new AsyncDisposableStack();
      // In reverse order: a room that closes waits for its compaction, which a closed compactor rejects.
      closing.defer(() => garbage.close());
      closing.defer(() => rooms.drain());
      closing.defer(() => compactor.close());
      closing.defer(() => queue.close());
    },
  };
}
