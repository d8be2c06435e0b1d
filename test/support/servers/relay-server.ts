import { pino } from "pino";
import type { Authorizer } from "../../../src/auth/authorizer.ts";
import { defaultLimits, type Limits } from "../../../src/composition/limits.ts";
import { AddressRanges } from "../../../src/lib/address/address-ranges.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { CommitQueue } from "../../../src/relay/commit-queue.ts";
import { DocumentMemory } from "../../../src/relay/document/document-memory.ts";
import { Durability } from "../../../src/relay/durability.ts";
import { hocuspocus } from "../../../src/relay/hocuspocus/protocol.ts";
import { SnapshotBudget } from "../../../src/relay/snapshot-budget.ts";
import { SyncRoom } from "../../../src/relay/sync-room.ts";
import { yWebsocket } from "../../../src/relay/y-websocket/protocol.ts";
import { RoomRegistry } from "../../../src/rooms/room-registry.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { Listener } from "../../../src/transport/listener.ts";
import { NativeChannels } from "../../../src/transport/native-channel.ts";
import { InlineCompactor } from "../fakes/inline-compactor.ts";
import { openMemoryStore } from "../fakes/memory-store.ts";

export interface RelayServerOptions {
  readonly authorizer: Authorizer;
  readonly limits?: Partial<Limits>;
}

export interface RelayServer extends AsyncDisposable {
  readonly wsUrl: string;
  readonly rooms: RoomRegistry<SyncRoom>;
}

/** The relay's protocols over a real port, with an authorizer of the test and documents in memory. */
export function startRelayServer({ authorizer, limits: changed = {} }: RelayServerOptions): RelayServer {
  const limits = { ...defaultLimits, ...changed };
  const common = { limits, clock: systemClock, log: pino({ level: "silent" }), metrics: createMetrics() };
  const channels = new NativeChannels(limits);
  const store = openMemoryStore();
  const durability = new Durability({ ...common, store, durability: "disk" });
  const room = {
    ...common,
    store,
    durability,
    queue: new CommitQueue({ ...common, store, durability }),
    memory: new DocumentMemory({ ...common, limitBytes: 256 * 2 ** 20, dropped: () => {} }),
    snapshots: new SnapshotBudget(common),
    readersShowPresence: true,
    compactor: new InlineCompactor(),
    openChannel: channels.open,
  };
  const rooms = new RoomRegistry<SyncRoom>({
    open: (name) => SyncRoom.open(name, room),
    close: (opened) => opened.close(),
    closeFailed: () => {},
    lingerMs: 1_000,
    clock: systemClock,
  });
  const protocols = [hocuspocus({ ...common, rooms, authorizer }), yWebsocket({ ...common, rooms, authorizer })];
  const fetch = () => new Response("http");
  const nobody = { origins: new Set<string>(), proxies: new AddressRanges([]) };
  const listener = new Listener({ ...common, ...nobody, host: "127.0.0.1", port: 0, protocols, fetch, channels });
  return {
    wsUrl: `ws://127.0.0.1:${listener.port}`,
    rooms,
    async [Symbol.asyncDispose]() {
      await listener.close(closeReasons.restart);
      await rooms.drain();
    },
  };
}
