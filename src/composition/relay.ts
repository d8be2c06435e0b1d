import type { Authorizer } from "../auth/authorizer.ts";
import { systemClock } from "../lib/time/clock.ts";
import { IdleTask } from "../lib/time/idle-task.ts";
import { CommitQueue } from "../relay/commit-queue.ts";
import { startWorkerCompactor } from "../relay/compaction/worker-compactor.ts";
import { DocumentMemory } from "../relay/document/document-memory.ts";
import { Durability } from "../relay/durability.ts";
import { hocuspocus } from "../relay/hocuspocus/protocol.ts";
import { SnapshotBudget } from "../relay/snapshot-budget.ts";
import { SyncRoom } from "../relay/sync-room.ts";
import { yWebsocket } from "../relay/y-websocket/protocol.ts";
import { RoomRegistry } from "../rooms/room-registry.ts";
import type { Store } from "../storage/store.ts";
import type { Protocol } from "../transport/protocol.ts";
import type { ServerOptions, Shared } from "./server-options.ts";

/** The part of a server that stores documents. */
export interface Relay {
  readonly protocols: readonly Protocol[];
  isReady(): boolean;
  /** Everything that has arrived is written, or given up. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const worthCollectingBytes = 8 * 2 ** 20;
const syncLingerMs = 10_000;
/** After the last room has closed: the memory of all of them is given back. */
const emptyMs = 1_000;

interface RelayOptions extends Shared, Pick<ServerOptions, "durability" | "documentMemoryBytes" | "auth"> {
  readonly authorizer: Authorizer;
}

/** The store is the relay's from now on. */
export function openRelay(store: Store, options: RelayOptions): Relay {
  const { limits, log, metrics } = options;
  const clock = systemClock;
  const compactor = startWorkerCompactor();
  const durability = new Durability({ store, durability: options.durability, clock, log, metrics });
  const queue = new CommitQueue({ store, durability, clock, limits, log, metrics });
  const room = {
    store,
    queue,
    durability,
    compactor,
    memory: new DocumentMemory({ limitBytes: options.documentMemoryBytes, dropped: collectGarbage(), clock, metrics }),
    snapshots: new SnapshotBudget({ limits, clock, metrics }),
    readersShowPresence: options.auth.readersShowPresence,
    openChannel: options.channels.open,
    clock,
    limits,
    log,
    metrics,
  };
  const rooms = new RoomRegistry<SyncRoom>({
    open: (name) => SyncRoom.open(name, room),
    close: async (opened) => {
      await opened.close();
      whenEmpty.restart();
    },
    hurry: (closing) => closing.skipCompaction(),
    closeFailed: (_, error) => log.error({ event: "room-close-failed", err: error }),
    lingerMs: syncLingerMs,
    clock,
  });
  // `gc(false)` gives nothing of closed rooms back, and this stops everything for some milliseconds.
  const collect = () => Bun.gc(true);
  const whenEmpty = new IdleTask({ task: collect, isIdle: () => rooms.size === 0, delayMs: emptyMs, clock });
  const { authorizer } = options;
  return {
    protocols: [
      yWebsocket({ rooms, authorizer, limits }),
      hocuspocus({ rooms, authorizer, limits, clock, log, metrics }),
    ],
    isReady: () => !queue.isFailing,
    flush: () => queue.close(),
    close: async () => {
      await queue.close();
      await compactor.close();
      await rooms.drain();
      whenEmpty.close();
      await store.close();
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
