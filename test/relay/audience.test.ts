import { expect, test } from "bun:test";
import { Audience } from "../../src/relay/audience.ts";
import type { SyncEncoding } from "../../src/relay/sync-member.ts";
import { openMemoryStore } from "../../src/storage/memory.ts";
import { openFakeChannel } from "../support/fake-channel.ts";
import { FakeConnection } from "../support/fake-connection.ts";
import { roomParts } from "../support/room-parts.ts";

/** Frames that say who encoded them; `encoded` counts. */
function countingEncoding(name: string) {
  const encoding = {
    encoded: 0,
    syncStep1: () => name,
    syncStep2: () => name,
    awareness: () => name,
    update: () => {
      encoding.encoded += 1;
      return name;
    },
  } satisfies SyncEncoding & { encoded: number };
  return encoding;
}

test("what is said is encoded for those who are there, and not for those who have left", () => {
  const { clock, limits, snapshots } = roomParts({}, openMemoryStore());
  const audience = new Audience({ openChannel: openFakeChannel, snapshots, clock, limits, caughtUp: () => {} });
  const join = (id: string, encoding: SyncEncoding) => {
    const member = { connection: new FakeConnection(id), encoding, access: "write" as const };
    audience.add(member);
    audience.sendSnapshot(member, { before: undefined, update: Uint8Array.of(0, 0) }, () => {});
    member.connection.take();
    return member;
  };
  const [shared, own] = [countingEncoding("shared"), countingEncoding("own")];
  const [writer, reader] = [join("writer", shared), join("reader", shared)];
  const publish = () =>
    audience.publishUpdate(Uint8Array.of(1), (encoding) => encoding.update(Uint8Array.of(1)), writer);
  // Each comes with an encoding of its own, as providers do whose address names their session.
  for (let times = 0; times < 3; times += 1) audience.remove(join(`guest ${times}`, own));
  publish();
  expect([shared.encoded, own.encoded]).toEqual([1, 0]);
  const guest = join("guest", own);
  publish();
  expect([shared.encoded, own.encoded]).toEqual([2, 1]);
  expect(guest.connection.take()).toEqual(["own"]);
  // One of two who share it leaves: the other one still hears.
  audience.remove(join("second reader", shared));
  reader.connection.take();
  publish();
  expect(reader.connection.take()).toEqual(["shared"]);
});
