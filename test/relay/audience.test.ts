import { expect, test } from "bun:test";
import { Audience } from "../../src/relay/audience.ts";
import type { SyncEncoding } from "../../src/relay/sync-member.ts";
import type { Channel, OpenChannel } from "../../src/transport/channel.ts";
import { openFakeChannel } from "../support/fakes/fake-channel.ts";
import { FakeConnection } from "../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../support/fakes/memory-store.ts";
import { roomParts } from "../support/servers/room-parts.ts";

function setUp() {
  const { clock, limits, snapshots } = roomParts({}, openMemoryStore());
  const channels: Channel[] = [];
  const openChannel: OpenChannel = (slow) => {
    const channel = openFakeChannel(slow);
    channels.push(channel);
    return channel;
  };
  const audience = new Audience(
    { openChannel, snapshots, clock, limits },
    { room: {}, stateVector: () => Uint8Array.of(0), caughtUp: () => {}, answerNeeded: () => {} },
  );
  const join = (id: string, encoding: SyncEncoding, update = Uint8Array.of(0, 0)) => {
    const member = { connection: new FakeConnection(id), encoding, access: "write" as const };
    audience.add(member);
    audience.sendAnswer(member, { before: [], update });
    return member;
  };
  return { audience, channels, join };
}

/** Frames that name their encoding; `encoded` counts them. */
function countingEncoding(name: string) {
  const encoding = {
    encoded: 0,
    answers: 0,
    syncStep1: () => name,
    syncStep2: () => {
      encoding.answers += 1;
      return name;
    },
    awareness: () => name,
    update: () => {
      encoding.encoded += 1;
      return name;
    },
  } satisfies SyncEncoding & { encoded: number; answers: number };
  return encoding;
}

test("a frame is encoded for the members that are present, not for those that have left", () => {
  const { audience, join } = setUp();
  const [shared, own] = [countingEncoding("shared"), countingEncoding("own")];
  const [writer, reader] = [join("writer", shared), join("reader", shared)];
  const publish = () => audience.publishUpdate(Uint8Array.of(1), { sender: writer });
  // Each member has an encoding of its own, as providers have whose address names their session.
  for (let times = 0; times < 3; times += 1) audience.remove(join(`guest ${times}`, own));
  publish();
  expect([shared.encoded, own.encoded]).toEqual([1, 0]);
  const guest = join("guest", own);
  publish();
  expect([shared.encoded, own.encoded]).toEqual([2, 1]);
  expect(guest.connection.take().slice(-1)).toEqual(["own"]);
  // One of two members that share an encoding leaves: the other one still receives frames.
  audience.remove(join("second reader", shared));
  reader.connection.take();
  publish();
  expect(reader.connection.take()).toEqual(["shared"]);
});

test("an answer is cached for members that share an encoding, not for a member that has one of its own", () => {
  const { audience, join } = setUp();
  const [shared, own] = [countingEncoding("shared"), countingEncoding("own")];
  const update = Uint8Array.of(0, 0);
  const alone = join("alone", own, update);
  for (let times = 0; times < 2; times += 1) audience.sendAnswer(alone, { before: [], update });
  expect(own.answers).toBe(3);
  for (const id of ["first", "second", "third", "fourth"]) join(id, shared, update);
  expect(shared.answers).toBe(2);
});

test("a broadcast is work of its sender, and goes out in the sender's turns to those that are present then", async () => {
  const { audience, join } = setUp();
  const encoding = countingEncoding("shared");
  const [sender, first, second, third] = [
    join("a", encoding),
    join("b", encoding),
    join("c", encoding),
    join("d", encoding),
  ];
  const members = [sender, first, second, third];
  const told = () => members.map(({ connection }) => connection.take());
  told();
  const { spent, turns } = sender.connection;
  turns.isOver = true;
  const sent = audience.broadcast(() => "four", sender);
  expect([told(), spent.bytes, turns.waiting]).toEqual([[[], ["four"], [], []], 4, 1]);
  audience.remove(second);
  turns.next();
  await sent;
  expect([told(), spent.bytes]).toEqual([[[], [], [], ["four"]], 12]);
  // A message of the server is work of no client.
  expect(audience.broadcast(() => "four")).toBeUndefined();
});

test("a channel for awareness is opened when awareness is published, with all members that are subscribed to it", () => {
  const { audience, channels, join } = setUp();
  const encoding = countingEncoding("shared");
  const [first, second] = [join("first", encoding), join("second", encoding)];
  audience.subscribeToAwareness(first);
  expect(channels).toHaveLength(1);
  for (const { connection } of [first, second]) connection.take();
  audience.publishAwareness(Uint8Array.of(0));
  expect(channels).toHaveLength(2);
  expect([first.connection.take(), second.connection.take()]).toEqual([["shared"], []]);
  audience.subscribeToAwareness(second);
  audience.publishAwareness(Uint8Array.of(0));
  expect([first.connection.take(), second.connection.take()]).toEqual([["shared"], ["shared"]]);
  expect(channels).toHaveLength(2);
});
