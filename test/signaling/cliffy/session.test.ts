import { expect, test } from "bun:test";
import { cliffy } from "../../../src/signaling/cliffy/dialect.ts";
import { closeReasons } from "../../../src/transport/close-reason.ts";
import { settled } from "../../support/eventually.ts";
import { authorizerThat } from "../../support/fakes/fake-authorizer.ts";
import type { DialectClient, DialectOptions } from "../../support/servers/dialect-clients.ts";
import { peerDialect } from "../../support/servers/peer-dialect.ts";

const setUp = (options: DialectOptions = {}) => peerDialect(cliffy, options);

const join = (roomId: string, peerId: string, peerName?: string) => ({
  type: "join",
  roomId,
  peerId,
  ...(peerName !== undefined && { peerName }),
});
const offer = (toPeerId: string, fromPeerId = "me") => ({ type: "offer", fromPeerId, toPeerId, sdp: '{"sdp":"v=0"}' });

/** Advances the time in which the holder of an id does not answer its ping. */
async function expire(clock: { advance(ms: number): void }, claim: Promise<void>): Promise<void> {
  await settled();
  clock.advance(3_000);
  await claim;
}

async function joined(...clients: readonly [DialectClient, string][]): Promise<void> {
  for (const [client, peerId] of clients) await client.say(join("room", peerId));
  for (const [client] of clients) client.received();
}

test("a peer that joins receives the list of peers, and they are told of it", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.say(join("room", "a", "Alice"));
  expect(alice.received()).toEqual([{ type: "peers", roomId: "room", peers: [] }]);
  await bob.say(join("room", "b"));
  expect(bob.received()).toEqual([{ type: "peers", roomId: "room", peers: [{ id: "a", name: "Alice" }] }]);
  expect(alice.received()).toEqual([{ type: "peer-joined", roomId: "room", peerId: "b" }]);
});

test("offers, answers and candidates reach their receiver alone, in the name of their sender", async () => {
  const { connect } = setUp();
  const [alice, bob, carol] = [connect("alice"), connect("bob"), connect("carol")];
  await joined([alice, "a"], [bob, "b"], [carol, "c"]);
  await alice.say(offer("b", "c"));
  await alice.say({ type: "answer", toPeerId: "b", sdp: "{}" });
  await alice.say({ type: "ice-candidate", fromPeerId: "a", toPeerId: "b", candidate: "{}", more: true });
  expect(bob.received()).toEqual([
    { type: "offer", fromPeerId: "a", toPeerId: "b", sdp: '{"sdp":"v=0"}' },
    { type: "answer", fromPeerId: "a", toPeerId: "b", sdp: "{}" },
    { type: "ice-candidate", fromPeerId: "a", toPeerId: "b", candidate: "{}" },
  ]);
  expect([alice.received(), carol.received()]).toEqual([[], []]);
});

test("peers of different rooms do not reach each other", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.say(join("red", "a"));
  await bob.say(join("blue", "b"));
  bob.received();
  await alice.say(offer("b"));
  await alice.say(offer("nobody"));
  expect(bob.received()).toEqual([]);
});

test.each<[string, (client: DialectClient) => Promise<void>]>([
  ["leaves", (client) => client.say({ type: "leave", roomId: "room", peerId: "b" })],
  ["leaves in the name of another peer", (client) => client.say({ type: "leave", roomId: "room", peerId: "a" })],
  ["goes away", async (client) => client.leave()],
  ["joins another room", (client) => client.say(join("elsewhere", "b"))],
  ["joins another room under another id", (client) => client.say(join("elsewhere", "b2"))],
])("the others are told once of a peer that %s, and it is not reachable any more", async (_, go) => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await go(bob);
  bob.received();
  await alice.say(offer("b"));
  expect(alice.received()).toEqual([{ type: "peer-left", roomId: "room", peerId: "b" }]);
  expect(bob.received()).toEqual([]);
});

test("leaving a room that the peer is not in changes nothing", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await bob.say({ type: "leave", roomId: "elsewhere", peerId: "b" });
  await alice.say(offer("b"));
  expect([alice.received().length, bob.received().length]).toEqual([0, 1]);
});

test("a peer that has left cannot signal to the room, and may join again", async () => {
  const { connect, openRooms } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await bob.say({ type: "leave", roomId: "room", peerId: "b" });
  await bob.say(offer("a"));
  expect(alice.received()).toEqual([{ type: "peer-left", roomId: "room", peerId: "b" }]);
  await bob.say(join("room", "b"));
  expect(bob.received()).toEqual([{ type: "peers", roomId: "room", peers: [{ id: "a" }] }]);
  alice.leave();
  bob.leave();
  expect(openRooms()).toBe(0);
});

test("joining the same room again changes the name", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await bob.say(join("room", "b", "Bob"));
  expect(bob.received()).toEqual([{ type: "peers", roomId: "room", peers: [{ id: "a" }] }]);
  expect(alice.received()).toEqual([{ type: "peer-joined", roomId: "room", peerId: "b", peerName: "Bob" }]);
  await alice.say(offer("b"));
  expect(bob.received()).toHaveLength(1);
});

test("joining the same room under another id leaves the peer there once", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await bob.say(join("room", "b2"));
  expect(alice.received()).toEqual([
    { type: "peer-left", roomId: "room", peerId: "b" },
    { type: "peer-joined", roomId: "room", peerId: "b2" },
  ]);
  bob.received();
  await alice.say(join("room", "a", "Alice"));
  expect(bob.received()).toEqual([{ type: "peer-joined", roomId: "room", peerId: "a", peerName: "Alice" }]);
});

test("a peer whose socket is dead resumes its id without having left, and the old socket's late close changes nothing", async () => {
  const { connect, clock } = setUp();
  const [alice, old, resumed] = [connect("alice"), connect("old"), connect("resumed")];
  await joined([alice, "a"], [old, "b"]);
  await expire(clock, resumed.say(join("room", "b")));
  expect(resumed.received()).toEqual([{ type: "peers", roomId: "room", peers: [{ id: "a" }] }]);
  expect(alice.received()).toEqual([{ type: "peer-joined", roomId: "room", peerId: "b" }]);
  expect(old.connection.closeReason).toEqual(closeReasons.replaced);
  old.leave();
  await alice.say(offer("b"));
  expect(alice.received()).toEqual([]);
  expect(resumed.received()).toHaveLength(1);
});

test("a peer resumes its id in another room: the room of its dead socket is told that it left", async () => {
  const { connect, clock } = setUp();
  const [alice, old, resumed] = [connect("alice"), connect("old"), connect("resumed")];
  await joined([alice, "a"], [old, "b"]);
  await expire(clock, resumed.say(join("elsewhere", "b")));
  expect(alice.received()).toEqual([{ type: "peer-left", roomId: "room", peerId: "b" }]);
  old.leave();
  expect(alice.received()).toEqual([]);
});

test("a peer id whose client answers a ping is not given to another client", async () => {
  const { connect, clock } = setUp();
  const [alice, bob, mallory] = [connect("alice"), connect("bob"), connect("mallory")];
  await joined([alice, "a"], [bob, "b"]);
  for (const room of ["room", "elsewhere"]) {
    const claim = mallory.say(join(room, "b"));
    await settled();
    bob.connection.pong();
    await claim;
    expect(mallory.received()).toEqual([{ type: "error", message: "Peer id in use" }]);
  }
  clock.advance(10_000);
  await alice.say(offer("b"));
  expect([alice.received().length, bob.received().length, mallory.received().length]).toEqual([0, 1, 0]);
});

test("when two clients ask for the id of a dead socket at once, one gets it", async () => {
  const { connect, clock } = setUp();
  const [old, first, second] = [connect("old"), connect("first"), connect("second")];
  await joined([old, "a"]);
  const claims = [first.say(join("room", "a")), second.say(join("room", "a"))];
  await settled();
  clock.advance(3_000);
  await settled();
  first.connection.pong();
  await Promise.all(claims);
  expect(first.received()).toEqual([{ type: "peers", roomId: "room", peers: [] }]);
  expect(second.received()).toEqual([{ type: "error", message: "Peer id in use" }]);
});

test("a socket that closes while it is pinged gives its id up at once", async () => {
  const { connect } = setUp();
  const [old, resumed] = [connect("old"), connect("resumed")];
  await joined([old, "a"]);
  const claim = resumed.say(join("room", "a"));
  await settled();
  old.leave();
  await claim;
  expect(resumed.received()).toEqual([{ type: "peers", roomId: "room", peers: [] }]);
});

test("a full room is refused with an error, and counted", async () => {
  const { connect, met } = setUp({ limits: { signalingRoomMembers: 1 } });
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.say(join("room", "a"));
  await bob.say(join("room", "b"));
  expect(bob.received()).toEqual([{ type: "error", message: "Room is full" }]);
  expect([alice.received().length, await met("room-members")]).toEqual([1, 1]);
});

test.each([
  join("", "a"),
  join("room", ""),
  join("room", "a\nb"),
  join("x".repeat(257), "a"),
  join("room", "é".repeat(129)),
  join("room", "a", "é".repeat(129)),
])("an invalid name is refused: %j", async (message) => {
  const { connect, openRooms, met } = setUp();
  const alice = connect("alice");
  await alice.say(message);
  expect(alice.received()).toEqual([{ type: "error", message: expect.stringMatching(/^Invalid room id/) }]);
  expect([openRooms(), await met("name")]).toEqual([0, 1]);
});

test("names of the longest length are accepted, and may be names of object members", async () => {
  const { connect } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await alice.say(join("é".repeat(128), "__proto__", "constructor"));
  await bob.say(join("é".repeat(128), "toString"));
  expect(bob.received()).toMatchObject([{ type: "peers", peers: [{ id: "__proto__", name: "constructor" }] }]);
});

test("a denial is sent with its reason", async () => {
  const authorizer = authorizerThat(async () => ({
    granted: false,
    kind: "forbidden",
    code: "wrong-room",
    reason: "not yours",
  }));
  const { connect, openRooms } = setUp({ authorizer });
  const alice = connect("alice");
  await alice.say(join("room", "a"));
  expect(alice.received()).toEqual([{ type: "error", message: "not yours" }]);
  expect(openRooms()).toBe(0);
});

test.each(["garbage", '{"type":"offer","toPeerId":"b"}', "[]", new Uint8Array([255])])(
  "a frame that is not a message is answered with an error, and the client stays in the room",
  async (frame) => {
    const { connect } = setUp();
    const [alice, bob] = [connect("alice"), connect("bob")];
    await joined([alice, "a"], [bob, "b"]);
    await alice.send(frame);
    expect(alice.received()).toEqual([{ type: "error", message: "Invalid message format" }]);
    await alice.say(offer("b"));
    expect(bob.received()).toHaveLength(1);
  },
);

test("signals over the rate wait, and are not lost", async () => {
  const { connect, clock, met } = setUp({ limits: { publishBurst: 3, publishesPerSecond: 10 } });
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await alice.say(offer("b"));
  await alice.say(offer("b"));
  const waiting = alice.say(offer("b"));
  await settled();
  expect([bob.received().length, await met("publish-rate")]).toEqual([2, 1]);
  clock.advance(100);
  await waiting;
  expect(bob.received()).toHaveLength(1);
});

test("a client without a room for a minute is closed, a client in a room is not", async () => {
  const { connect, clock } = setUp();
  const [alice, bob] = [connect("alice"), connect("bob")];
  await joined([alice, "a"], [bob, "b"]);
  await bob.say({ type: "leave", roomId: "room", peerId: "b" });
  clock.advance(60_000);
  expect([alice.connection.isOpen, bob.connection.closeReason]).toEqual([true, closeReasons.timeout]);
});
