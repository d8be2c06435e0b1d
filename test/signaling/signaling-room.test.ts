import { expect, test } from "bun:test";
import { SignalingRoom } from "../../src/signaling/signaling-room.ts";
import { openFakeChannel } from "../support/fake-channel.ts";
import { FakeConnection } from "../support/fake-connection.ts";

const alice = (): FakeConnection => new FakeConnection("alice");
const bob = (): FakeConnection => new FakeConnection("bob");

test("what is published reaches all members but the sender", () => {
  const room = new SignalingRoom(openFakeChannel, 10);
  const members = [alice(), bob(), new FakeConnection("carol")] as const;
  for (const member of members) room.join(member);
  room.publish("hello", members[0]);
  expect(members.map(({ sent }) => sent)).toEqual([[], ["hello"], ["hello"]]);
});

test("joining and leaving twice count once", () => {
  const room = new SignalingRoom(openFakeChannel, 10);
  const [a, b] = [alice(), bob()];
  expect([room.join(a), room.join(a), room.join(b)]).toEqual([true, true, true]);
  expect(room.size).toBe(2);
  room.leave(a);
  room.leave(a);
  expect(room.size).toBe(1);
});

test("a member that has left hears nothing more", () => {
  const room = new SignalingRoom(openFakeChannel, 10);
  const [a, b] = [alice(), bob()];
  room.join(a);
  room.join(b);
  room.leave(b);
  room.publish("hello", a);
  expect(b.sent).toEqual([]);
});

test("a full room takes nobody until a member leaves, and members of it may join again", () => {
  const room = new SignalingRoom(openFakeChannel, 1);
  const [a, b] = [alice(), bob()];
  expect(room.join(a)).toBe(true);
  expect(room.join(b)).toBe(false);
  expect(room.join(a)).toBe(true);
  room.publish("hello", a);
  expect(b.sent).toEqual([]);
  room.leave(b);
  expect(room.size).toBe(1);
  room.leave(a);
  expect(room.join(b)).toBe(true);
});
