import { pino } from "pino";
import { defaultLimits, type Limits } from "../../../src/composition/limits.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { CommitQueue } from "../../../src/relay/commit-queue.ts";
import { DocumentMemory } from "../../../src/relay/document/document-memory.ts";
import { Durability } from "../../../src/relay/durability.ts";
import { SnapshotBudget } from "../../../src/relay/snapshot-budget.ts";
import { SyncRoom } from "../../../src/relay/sync-room.ts";
import type { Store } from "../../../src/storage/store.ts";
import { openFakeChannel } from "../fakes/fake-channel.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { InlineCompactor } from "../fakes/inline-compactor.ts";

export interface RoomPartsOptions {
  readonly limits?: Partial<Limits>;
  readonly documentMemoryBytes?: number;
  readonly compactor?: InlineCompactor;
  readonly readersShowPresence?: boolean;
}

export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** All that sync rooms share, with a clock that the test advances, over `store`. */
export function roomParts(
  {
    limits: changed = {},
    documentMemoryBytes = 256 * 2 ** 20,
    compactor = new InlineCompactor(),
    readersShowPresence = true,
  }: RoomPartsOptions,
  store: Store,
) {
  const clock = new FakeClock();
  const limits = { ...defaultLimits, ...changed };
  const metrics = createMetrics();
  const common = { store, clock, limits, log: pino({ level: "silent" }), metrics };
  const durability = new Durability({ ...common, durability: "disk" });
  const queue = new CommitQueue({ ...common, durability });
  const memory = new DocumentMemory({ ...common, limitBytes: documentMemoryBytes, dropped: () => {} });
  const snapshots = new SnapshotBudget(common);
  const options = {
    ...common,
    queue,
    durability,
    memory,
    snapshots,
    compactor,
    openChannel: openFakeChannel,
    readersShowPresence,
  };
  return {
    ...options,
    open: (name = "document") => SyncRoom.open(name, options),
    /** Ends the turn and lets the store answer. */
    turn: async () => {
      clock.runTurns();
      await settled();
    },
    /** As `turn`, and the sync that is due then. */
    turnAndSync: async () => {
      clock.runTurns();
      await settled();
      // The next sync may begin.
      clock.advance(4);
      await settled();
    },
  };
}
