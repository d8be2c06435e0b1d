import { expect, test } from "bun:test";
import { octateCodePeers } from "../../../src/signaling/octatecode/peers-dialect.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { settled } from "../../support/eventually.ts";
import type { DialectClient, DialectOptions } from "../../support/servers/dialect-clients.ts";
import { octateDialects } from "../../support/servers/peer-dialect.ts";

const setUp = (options: DialectOptions = {}) =>
  octateDialects((first, parts) => [first, octateCodePeers(parts)], options);

const auth = (roomId: string, from: string, name?: string) => ({ type: "auth", roomId, from, data: { name } });

async function joined(...clients: readonly [DialectClient, string][]): Promise<void> {
  for (const [client, id] of clients) await client.say(auth("room", id));
  for (const [client] of clients) client.received();
}

test("a peer that joins receives the list of peers, and they are told of it", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.say(auth("room", "a", "Alice"));
  expect(alice.received()).toEqual([{ type: "peerList", roomId: "room", peers: [] }]);
  await bob.say(auth("room", "b"));
  expect(bob.received()).toEqual([{ type: "peerList", roomId: "room", peers: [{ id: "a", name: "Alice" }] }]);
  expect(alice.received()).toEqual([{ type: "peerJoined", roomId: "room", peerId: "b", peerName: "b" }]);
});

test("offers, answers and candidates reach their receiver in the same room alone, in the name of their sender", async () => {
  const { connect } = setUp();
  const [alice, bob, carol, stranger] = [connect("alice"), connect("bob"), connect("carol"), connect("stranger")];
  await joined([alice, "a"], [bob, "b"], [carol, "c"]);
  await stranger.say(auth("elsewhere", "s"));
  stranger.received();
  for (const type of ["offer", "answer", "ice"]) {
    await alice.say({ type, roomId: "elsewhere", from: "c", to: "b", data: { n: 1 } });
    expect(bob.received()).toEqual([{ type, roomId: "room", peerId: "a", from: "a", to: "b", data: { n: 1 } }]);
    await stranger.say({ type, roomId: "room", from: "a", to: "b", data: {} });
    await alice.say({ type, roomId: "elsewhere", from: "a", to: "s", data: {} });
  }
  expect([alice, bob, carol, stranger].flatMap((client) => client.received())).toEqual([]);
});

test.each(["chat", "sync"])("%s reaches everyone in the room, its sender as well, and no other room", async (type) => {
  const { connect } = setUp();
  const [alice, bob, carol, stranger] = [connect("alice"), connect("bob"), connect("carol"), connect("stranger")];
  await joined([alice, "a"], [bob, "b"], [carol, "c"]);
  await stranger.say(auth("elsewhere", "s"));
  stranger.received();
  await alice.say({ type, roomId: "elsewhere", from: "c", data: { text: "hi" }, timestamp: 7 });
  const message = { type, roomId: "room", peerId: "a", from: "a", data: { text: "hi" }, timestamp: 7 };
  for (const client of [alice, bob, carol]) expect(client.received()).toEqual([message]);
  expect(stranger.received()).toEqual([]);
});

test("messages for the whole room count against the fan-out of their sender", async () => {
  const { connect, clock, met } = setUp({ limits: { fanOutDeliveries: 6 } });
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  const chat = (text: string) => alice.say({ type: "chat", data: { text } });
  for (const text of ["1", "2", "3"]) await chat(text);
  const waiting = chat("4");
  await settled();
  expect(bob.received().length).toBeLessThan(4);
  expect(await met("fan-out")).toBe(1);
  clock.advance(10_000);
  await waiting;
});

test("a message for the room before a client has joined one is ignored", async () => {
  const { connect, limits } = setUp();
  const alice = connect("alice");
  await alice.say(auth("x".repeat(limits.nameBytes + 1), "a"));
  alice.received();
  await alice.say({ type: "chat", data: {} });
  expect(alice.received()).toEqual([]);
});

test.each<[string, (client: DialectClient) => unknown]>([
  ["goes away", (client) => client.leave()],
  ["leaves", (client) => client.say({ type: "leave" })],
  ["enters another room", (client) => client.say(auth("elsewhere", "b"))],
])("the others are told once of a peer that %s", async (_, go) => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await go(bob);
  expect(alice.received()).toEqual([{ type: "peerLeft", roomId: "room", peerId: "b" }]);
});

test("a peer whose socket is dead resumes its id, and the old socket's late close changes nothing", async () => {
  const { connect, clock } = setUp();
  const [alice, old, resumed] = [connect("alice"), connect("old"), connect("resumed")];
  await joined([alice, "a"], [old, "b"]);
  const claim = resumed.say(auth("room", "b"));
  await settled();
  clock.advance(3_000);
  await claim;
  expect(old.connection.closeReason).toEqual(closeReasons.replaced);
  old.leave();
  expect(alice.received()).toMatchObject([{ type: "peerJoined", peerId: "b" }]);
  resumed.received();
  await alice.say({ type: "offer", to: "b", data: {} });
  expect(resumed.received()).toHaveLength(1);
});

test("a peer id whose client answers a ping is not given to another client", async () => {
  const { connect } = setUp();
  const [alice, mallory] = [connect("alice"), connect("mallory")];
  await joined([alice, "a"]);
  const claim = mallory.say(auth("room", "a"));
  await settled();
  alice.connection.pong();
  await claim;
  expect(mallory.received()).toEqual([{ type: "error", data: { error: "Peer id in use" } }]);
  expect(alice.connection.isOpen).toBe(true);
});

test("joining again, under the same id or another, leaves the peer there once", async () => {
  const { connect, openRooms } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await bob.say(auth("room", "b", "Bob"));
  await bob.say(auth("room", "b2"));
  expect(alice.received()).toMatchObject([
    { type: "peerJoined", peerId: "b", peerName: "Bob" },
    { type: "peerLeft", peerId: "b" },
    { type: "peerJoined", peerId: "b2" },
  ]);
  expect(bob.received()).toMatchObject([{ peers: [{ id: "a" }] }, { peers: [{ id: "a" }] }]);
  alice.leave();
  bob.leave();
  expect(openRooms()).toBe(0);
});

test("a full room, an invalid name and a frame that is not a message are refused with the dialect's errors", async () => {
  const { connect, met } = setUp({ limits: { signalingRoomMembers: 1 } });
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"]);
  await bob.say(auth("room", "b"));
  await bob.say(auth("", "b"));
  await bob.send("garbage");
  await bob.say({ type: "offer", to: 5 });
  expect(bob.received().map((message) => (message as { data: { error: string } }).data.error)).toEqual([
    "Room not found or join failed",
    "Missing userId or roomId",
    "Invalid message format",
    "Invalid message format",
  ]);
  expect([await met("room-members"), await met("name")]).toEqual([1, 1]);
});
