import { expect, test } from "bun:test";
import { SignalingRoom } from "../../src/signaling/signaling-room.ts";
import { openFakeChannel } from "../support/fakes/fake-channel.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";

const openRoom = (memberLimit = 10) => new SignalingRoom<TestMember>(openFakeChannel, memberLimit);

interface TestMember {
  readonly id: string;
  readonly connection: FakeConnection;
}

function member(id: string, socket = id): TestMember {
  return { id, connection: new FakeConnection(socket) };
}

test("a published frame reaches all members but the sender", () => {
  const room = openRoom();
  const members = [member("a"), member("b"), member("c")] as const;
  for (const each of members) room.join(each);
  room.publish("hello", members[0]);
  room.publish("from outside");
  expect(members.map(({ connection }) => connection.sent)).toEqual([
    ["from outside"],
    ["hello", "from outside"],
    ["hello", "from outside"],
  ]);
});

test("a sent frame reaches the member with that id alone", () => {
  const room = openRoom();
  const [a, b] = [member("a"), member("b")];
  for (const each of [a, b]) room.join(each);
  expect([room.send("b", "for b"), room.send("nobody", "lost"), room.send("__proto__", "lost")]).toEqual([
    true,
    false,
    false,
  ]);
  expect([a.connection.sent, b.connection.sent]).toEqual([[], ["for b"]]);
});

test("joining and leaving twice count once", () => {
  const room = openRoom();
  const [a, b] = [member("a"), member("b")];
  expect([room.join(a), room.join(a), room.join(b)]).toEqual(["joined", "joined", "joined"]);
  expect([...room]).toEqual([a, b]);
  expect([room.leave(a), room.leave(a)]).toEqual([true, false]);
  expect(room.size).toBe(1);
  expect([room.find("a"), room.find("b")]).toEqual([undefined, b]);
});

test("a member that has left receives nothing more", () => {
  const room = openRoom();
  const [a, b] = [member("a"), member("b")];
  for (const each of [a, b]) room.join(each);
  room.leave(b);
  room.publish("hello", a);
  expect(b.connection.sent).toEqual([]);
});

test("a full room takes no other member until one leaves, and its members may join again", () => {
  const room = openRoom(1);
  const [a, b] = [member("a"), member("b")];
  expect([room.join(a), room.join(b), room.join(a)]).toEqual(["joined", "full", "joined"]);
  room.publish("hello", a);
  expect(b.connection.sent).toEqual([]);
  expect(room.leave(b)).toBe(false);
  room.leave(a);
  expect(room.join(b)).toBe("joined");
});

test("an id is taken over in one step, keeping its place in the order, also in a full room", () => {
  const room = openRoom(2);
  const [old, other, resumed] = [member("a", "old socket"), member("b"), member("a", "new socket")];
  for (const each of [old, other]) room.join(each);
  expect(room.join(resumed)).toBe("resumed");
  expect([...room]).toEqual([resumed, other]);
  expect([room.holds(old), room.holds(resumed)]).toEqual([false, true]);
  room.send("a", "sent");
  room.publish("published", other);
  expect([old.connection.sent, resumed.connection.sent]).toEqual([[], ["sent", "published"]]);
});

test("the late leave of a member that has been replaced changes nothing", () => {
  const room = openRoom();
  const [old, other, resumed] = [member("a", "old socket"), member("b"), member("a", "new socket")];
  for (const each of [old, other, resumed]) room.join(each);
  expect(room.leave(old)).toBe(false);
  room.publish("still there", other);
  expect(resumed.connection.sent).toEqual(["still there"]);
  expect(room.leave(resumed)).toBe(true);
});
