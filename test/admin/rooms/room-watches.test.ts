import { expect, test } from "bun:test";
import { OpenRooms } from "../../../src/admin/rooms/open-rooms.ts";
import { RoomWatches } from "../../../src/admin/rooms/room-watches.ts";
import type { MessageWatcher, SignalingMember, SignalingRooms } from "../../../src/signaling/signaling-rooms.ts";
import { administrator, eventStreams, eventsOf } from "../../support/api/administrator-reader.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";

/** One topic with two members, and those who watch it. */
function watched() {
  const [ann, ben] = [new FakeConnection("ann"), new FakeConnection("ben")];
  const topic: { members: SignalingMember[] | undefined; watcher: MessageWatcher | undefined; looks: number } = {
    members: [{ connection: ann }, { connection: ben }],
    watcher: undefined,
    looks: 0,
  };
  const source: SignalingRooms = {
    protocol: "y-webrtc",
    names: () => ["topic"],
    members: (name) => {
      topic.looks += 1;
      return name === "topic" ? topic.members : undefined;
    },
    watch: (name, watcher) => {
      if (name === "topic") topic.watcher = watcher;
    },
  };
  const parts = eventStreams();
  const rooms = new OpenRooms({ sync: undefined, signaling: [source] });
  const watches = new RoomWatches({ ...parts, rooms });
  const follow = ({ hasLeft = false } = {}) => {
    const { access, leave, reader } = administrator();
    if (hasLeft) leave();
    return { access, leave, events: eventsOf(watches.follow({ kind: "signaling", name: "topic" }, reader)) };
  };
  return { ...parts, ann, ben, follow, topic };
}

const membersIn = (events: readonly { readonly data: Readonly<Record<string, unknown>> }[]) =>
  events.map(({ data }) => data["members"]);

test("a room that changes is sent at most once a second, and one that does not change once", async () => {
  const { ann, ben, clock, follow, topic } = watched();
  const { events } = follow();
  expect(membersIn(await events())).toEqual([2]);
  topic.members = [{ connection: ann }];
  topic.members = [{ connection: ben }];
  clock.advance(999);
  expect(await events()).toEqual([]);
  clock.advance(1);
  expect(await events()).toMatchObject([{ event: "room", data: { members: 1, memberList: [{ id: "ben" }] } }]);
  clock.advance(5_000);
  expect(await events()).toEqual([]);
});

test("messages are counted by pairs, and told at most four times a second", async () => {
  const { ann, ben, clock, follow, topic } = watched();
  const { events } = follow();
  await events();
  for (let count = 0; count < 3; count += 1) topic.watcher?.(ann, ben);
  topic.watcher?.(ben, ann);
  topic.watcher?.(ben, undefined);
  clock.advance(249);
  expect(await events()).toEqual([]);
  clock.advance(1);
  const messages = [
    { from: "ann", to: "ben", count: 3 },
    { from: "ben", to: "ann", count: 1 },
    { from: "ben", to: null, count: 1 },
  ];
  expect(await events()).toEqual([{ event: "messages", data: { messages, omitted: 0 } }]);
  clock.advance(700);
  expect(await events()).toEqual([]);
});

test("beyond 500 pairs, messages are counted only", async () => {
  const { ann, clock, follow, topic } = watched();
  const { events } = follow();
  await events();
  for (let count = 0; count < 502; count += 1) topic.watcher?.(ann, new FakeConnection(String(count)));
  topic.watcher?.(ann, new FakeConnection("0"));
  clock.advance(250);
  const [told] = await events();
  expect(Object(told?.data["messages"])).toHaveLength(500);
  expect(told?.data).toMatchObject({
    omitted: 2,
    messages: expect.arrayContaining([{ from: "ann", to: "0", count: 2 }]),
  });
});

test("all readers of a room share one look and one count, which end with the last of them", async () => {
  const { ann, ben, clock, follow, streams, topic } = watched();
  const [one, two] = [follow(), follow()];
  const looks = topic.looks;
  clock.advance(1_000);
  expect(topic.looks).toBe(looks + 1);
  topic.watcher?.(ann, ben);
  expect((await one.events()).map(({ event }) => event)).toEqual(["room"]);
  one.leave();
  clock.advance(250);
  expect((await two.events()).map(({ event }) => event)).toEqual(["room", "messages"]);
  expect(await one.events()).toEqual([]);
  topic.watcher?.(ann, ben);
  two.leave();
  expect([streams.size, topic.watcher, clock.pendingTimers]).toEqual([0, undefined, 0]);
});

test("a room that is followed again is counted anew", async () => {
  const { ann, ben, clock, follow, topic } = watched();
  const first = follow();
  topic.watcher?.(ann, ben);
  first.leave();
  const { events } = follow();
  await events();
  topic.watcher?.(ben, ann);
  clock.advance(250);
  const messages = [{ from: "ben", to: "ann", count: 1 }];
  expect(await events()).toEqual([{ event: "messages", data: { messages, omitted: 0 } }]);
});

test("a room that opens again under its name is watched again", async () => {
  const { ann, ben, clock, follow, topic } = watched();
  const { events } = follow();
  await events();
  Object.assign(topic, { watcher: undefined });
  clock.advance(1_000);
  topic.watcher?.(ann, ben);
  clock.advance(250);
  expect((await events()).map(({ event }) => event)).toEqual(["messages"]);
});

test("a room that has closed ends its streams", async () => {
  const { ann, ben, clock, follow, streams, topic } = watched();
  const [one, two] = [follow(), follow()];
  clock.advance(900);
  topic.watcher?.(ann, ben);
  topic.members = undefined;
  clock.advance(100);
  // The last messages are told before.
  for (const { events } of [one, two])
    expect((await events()).map(({ event }) => event)).toEqual(["room", "messages", "closed"]);
  expect([streams.size, clock.pendingTimers]).toEqual([0, 0]);
});

test("a reader who loses the permission is told so, and is sent nothing more", async () => {
  const { clock, follow, topic } = watched();
  const { access, events } = follow();
  await events();
  access.isAllowed = false;
  clock.advance(15_000);
  expect(await events()).toEqual([{ event: "end", data: { code: "unauthorized" } }]);
  expect([topic.watcher, clock.pendingTimers]).toEqual([undefined, 0]);
});

test("a reader that leaves before its stream is open leaves nothing behind", () => {
  const { clock, follow, streams, topic } = watched();
  follow({ hasLeft: true });
  expect([streams.size, topic.watcher, clock.pendingTimers]).toEqual([0, undefined, 0]);
});
