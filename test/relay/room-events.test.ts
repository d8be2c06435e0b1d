import { expect, test } from "bun:test";
import type { RoomEvent } from "../../src/relay/room-events.ts";
import type { SyncEncoding, SyncMember } from "../../src/relay/sync-member.ts";
import { updatesOf } from "../support/clients/raw-client.ts";
import { FailingStore } from "../support/fakes/failing-store.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { roomParts, submit } from "../support/servers/room-parts.ts";

const encoding: SyncEncoding = {
  syncStep1: (stateVector) => stateVector,
  syncStep2: (update) => update,
  update: (update) => update,
  awareness: (body) => body,
};

async function setUp(limits = {}) {
  const { events, open } = roomParts({ limits }, new FailingStore(openMemoryStore()));
  const room = await open("doc");
  const happened: RoomEvent[] = [];
  const stop = events.watch((event) => happened.push(event));
  const join = (user?: string): SyncMember => {
    const member = { connection: new FakeConnection(crypto.randomUUID()), encoding, access: "write", user } as const;
    room.join(member);
    return member;
  };
  const told = () => happened.splice(0).map(({ document, type, user }) => [type, document, ...(user ? [user] : [])]);
  return { events, room, join, told, stop };
}

test("a room opens with its first member, and closes with its last one", async () => {
  const { join, room, told } = await setUp();
  const [one, two] = [join(), join()];
  expect(told()).toEqual([["room.opened", "doc"]]);
  room.leave(one);
  expect(told()).toEqual([]);
  room.leave(two);
  room.leave(two);
  expect(told()).toEqual([["room.closed", "doc"]]);
});

test("a user comes with the first connection and goes with the last, inside of the room's time", async () => {
  const { join, room, told } = await setUp();
  const [phone, laptop, other] = [join("ann"), join("ann"), join("ben")];
  expect(told()).toEqual([
    ["room.opened", "doc"],
    ["user.joined", "doc", "ann"],
    ["user.joined", "doc", "ben"],
  ]);
  room.leave(phone);
  room.leave(other);
  room.leave(laptop);
  expect(told()).toEqual([
    ["user.left", "doc", "ben"],
    ["user.left", "doc", "ann"],
    ["room.closed", "doc"],
  ]);
});

test("an update for which there is no space is an event", async () => {
  const { join, room, told } = await setUp({ documentBytes: 40 });
  const member = join();
  told();
  const [update = new Uint8Array()] = updatesOf((doc) => doc.getText("t").insert(0, "x".repeat(100)));
  expect(await submit(room, member, { update })).toBe("too-large");
  expect(told()).toEqual([["quota.exceeded", "doc"]]);
});

test("whoever has stopped watching is told nothing", async () => {
  const { events, join, stop, told } = await setUp();
  stop();
  join();
  expect(told()).toEqual([]);
  expect(events.isWatched).toBe(false);
});
