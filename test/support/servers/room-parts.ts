import { pino } from "pino";
import type { Bus } from "../../../src/cluster/bus.ts";
import { openSyncRooms, syncRoomOptions } from "../../../src/composition/relay.ts";
import { defaultLimits, type Limits } from "../../../src/composition/settings/limits.ts";
import { CountedAddresses } from "../../../src/lib/address/counted-addresses.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { Submission, SubmissionOutcome } from "../../../src/relay/submission.ts";
import type { SyncMember } from "../../../src/relay/sync-member.ts";
import { SyncRoom } from "../../../src/relay/sync-room.ts";
import type { Store } from "../../../src/storage/store.ts";
import type { Frame } from "../../../src/transport/connection.ts";
import { settled } from "../eventually.ts";
import { openFakeChannel } from "../fakes/fake-channel.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { InlineCompactor } from "../fakes/inline-compactor.ts";
import { testPulse } from "../test-pulse.ts";

export interface RoomPartsOptions {
  readonly limits?: Partial<Limits>;
  readonly documentMemoryBytes?: number;
  readonly compactor?: InlineCompactor;
  readonly readersShowPresence?: boolean;
  readonly bus?: Bus;
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
    bus,
    keepsDeleted = () => false,
  }: RoomPartsOptions,
  store: Store,
) {
  const clock = new FakeClock();
  const dependencies = {
    addresses: new CountedAddresses(),
    clock,
    pulse: testPulse(clock),
    limits: { ...defaultLimits, ...changed },
    log: pino({ level: "error" }, { write: failOnUnclosedRoom }),
    metrics: createMetrics(),
    openChannel: openFakeChannel,
  };
  const sync = {
    ...dependencies,
    compactor,
    documentMemoryBytes,
    keepsDeleted,
    historyKeepMs: () => 90 * 86_400_000,
    durability: "disk",
    acknowledgementWindowMs: 4,
    readersShowPresence,
    bus,
  } as const;
  const options = syncRoomOptions(store, sync, () => {});
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

/** An update of a member, and how it is acknowledged. */
export interface MemberUpdate extends Pick<Submission, "update" | "frame" | "answersSyncStep1"> {
  /** Returns the frame that acknowledges the update. */
  readonly acknowledgement?: () => Frame;
  /** Whether the update itself acknowledges it, and may be sent in pieces. */
  readonly isEchoed?: boolean;
}

/** Submits an update as the session of a member does. */
export function submit(
  { updates }: SyncRoom,
  sender: SyncMember,
  { acknowledgement, isEchoed = false, ...update }: MemberUpdate,
): SubmissionOutcome | Promise<SubmissionOutcome> {
  const submission = {
    ...update,
    sender,
    get access() {
      return sender.access;
    },
  };
  if (isEchoed) return updates.submit({ ...submission, stored: () => updates.echo(sender, update.update) });
  if (acknowledgement === undefined) return updates.submit(submission);
  return updates.submit(Object.assign(submission, { stored: () => updates.acknowledge(sender, acknowledgement()) }));
}
