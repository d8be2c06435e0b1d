import { pino } from "pino";
import { defaultLimits, type Limits } from "../../../src/composition/limits.ts";
import { openSyncRooms, syncRoomOptions } from "../../../src/composition/relay.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { SyncRoom } from "../../../src/relay/sync-room.ts";
import type { Store } from "../../../src/storage/store.ts";
import { settled } from "../eventually.ts";
import { openFakeChannel } from "../fakes/fake-channel.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { InlineCompactor } from "../fakes/inline-compactor.ts";

export interface RoomPartsOptions {
  readonly limits?: Partial<Limits>;
  readonly documentMemoryBytes?: number;
  readonly compactor?: InlineCompactor;
  readonly readersShowPresence?: boolean;
  readonly keepsDeleted?: (name: string) => boolean;
}

/** A room that fails to close fails the test that is running. */
function failOnUnclosedRoom(line: string): void {
  if (JSON.parse(line).event === "room-close-failed") throw new Error(line);
}

/** The parts that all sync rooms on `store` share, with a clock that the test advances. */
export function roomParts(
  {
    limits: changed = {},
    documentMemoryBytes = 256 * 2 ** 20,
    compactor = new InlineCompactor(),
    readersShowPresence = true,
    keepsDeleted = () => false,
  }: RoomPartsOptions,
  store: Store,
) {
  const clock = new FakeClock();
  const dependencies = {
    addresses: new CountedAddresses(),
    clock,
    limits: { ...defaultLimits, ...changed },
    log: pino({ level: "error" }, { write: failOnUnclosedRoom }),
    metrics: createMetrics(),
    openChannel: openFakeChannel,
  };
  const options = syncRoomOptions(store, {
    ...dependencies,
    compactor,
    documentMemoryBytes,
    keepsDeleted,
    durability: "disk",
    readersShowPresence,
  });
  return {
    ...options,
    ...dependencies,
    compactor,
    rooms: openSyncRooms(options, { closed: () => {}, lingerMs: 10_000 }),
    /** A room without a registry. */
    open: (name = "document") => SyncRoom.open(name, options),
    /** Ends the turn and lets the store answer. */
    turn: async () => {
      clock.runTurns();
      await settled();
    },
    /** Ends the turn, and runs the sync that is due then. */
    turnAndSync: async () => {
      clock.runTurns();
      await settled();
      // The next sync may begin.
      clock.advance(4);
      await settled();
    },
  };
}
