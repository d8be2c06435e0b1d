import { expect, test } from "bun:test";
import { cliffy } from "../../../src/signaling/cliffy/dialect.ts";
import { settled } from "../../support/eventually.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { denialOf, expired, revoked } from "../../support/fakes/held-authorizer.ts";
import type { DialectOptions } from "../../support/servers/dialect-clients.ts";
import { heldPeerDialect } from "../../support/servers/peer-dialect.ts";

const setUp = (options: Pick<DialectOptions, "limits"> = {}) => heldPeerDialect(cliffy, join, options);

const join = (peerId: string, roomId = "room") => ({ type: "join", roomId, peerId });
const offer = (toPeerId: string) => ({ type: "offer", fromPeerId: "me", toPeerId, sdp: "{}" });

test("the authorizer is asked with the token, origin and address of the client", async () => {
  const { connect, authorizer } = setUp();
  void connect("alice", { path: "/?token=secret", origin: "https://app.example" }).say(join("a"));
  expect(authorizer.requests).toMatchObject([
    { kind: "signaling", room: "room", remoteAddress: "192.0.2.1", token: "secret", origin: "https://app.example" },
  ]);
});

test.each(["unauthorized", "forbidden", "unavailable"] as const)(
  "a denial of kind %s is sent with its reason",
  async (kind) => {
    const { connect, authorizer, openRooms } = setUp();
    const alice = connect("alice");
    const joining = alice.say(join("a"));
    await authorizer.deny("room", kind);
    await joining;
    await alice.say(offer("b"));
    expect(alice.received()).toEqual([{ type: "error", message: "not now" }]);
    expect([openRooms(), alice.connection.isOpen]).toEqual([0, true]);
  },
);

test("a peer whose grant ends is told why and leaves, and the others are told that it has left", async () => {
  const { enter, authorizer, heldGrants } = setUp();
  const { client: bob } = await enter("b");
  const { client: alice, grant } = await enter("a");
  for (const client of [alice, bob]) client.received();
  grant.end(revoked);
  await bob.say(offer("a"));
  await alice.say(offer("b"));
  expect(alice.received()).toEqual([{ type: "error", message: "not now" }]);
  expect(bob.received()).toEqual([{ type: "peer-left", roomId: "room", peerId: "a" }]);
  expect(heldGrants()).toBe(1);
  const joining = alice.say(join("a"));
  await authorizer.grant("room");
  await joining;
  expect(alice.received()).toMatchObject([{ type: "peers" }]);
});

test.each([
  ["expired", "grant-expired"],
  ["unavailable", "authorization-unavailable"],
  ["early", "not-yet-valid"],
] as const)("a peer whose grant ends as %s is told why and closed, since it can return", async (kind, name) => {
  const { enter, heldGrants } = setUp();
  const { client: bob } = await enter("b");
  const { client: alice, grant } = await enter("a");
  for (const client of [alice, bob]) client.received();
  grant.end(denialOf(kind));
  expect(alice.received()).toEqual([{ type: "error", message: "not now" }]);
  expect([alice.connection.closeReason?.name, heldGrants()]).toEqual([name, 1]);
  expect(bob.received()).toEqual([{ type: "peer-left", roomId: "room", peerId: "a" }]);
});

test("a grant that has ended before its room is joined leaves the room empty", async () => {
  const { connect, authorizer, openRooms } = setUp();
  const alice = connect("alice");
  const joining = alice.say(join("a"));
  const ended = new FakeGrant("read");
  ended.end(denialOf("unauthorized", "revoked"));
  await authorizer.grant("room", ended);
  await joining;
  expect(alice.received().at(-1)).toEqual({ type: "error", message: "not now" });
  expect(openRooms()).toBe(0);
});

test("a message that waits when a grant ends is not sent", async () => {
  const { enter, clock } = setUp({ limits: { publishBurst: 2, publishesPerSecond: 1 } });
  const { client: bob } = await enter("b");
  const { client: alice, grant } = await enter("a");
  bob.received();
  await alice.say(offer("b"));
  const waiting = alice.say(offer("b"));
  grant.end(expired);
  clock.advance(1_000);
  await waiting;
  expect(bob.received()).toMatchObject([{ type: "offer" }, { type: "peer-left" }]);
});

test("joins over the rate of authorizations wait, denied ones included", async () => {
  const { connect, authorizer, clock } = setUp({ limits: { authorizationBurst: 1, authorizationsPerSecond: 1 } });
  const alice = connect("alice");
  const first = alice.say(join("a"));
  await authorizer.deny("room");
  await first;
  const second = alice.say(join("a"));
  await settled();
  expect(authorizer.requests).toHaveLength(1);
  clock.advance(1_000);
  await settled();
  await authorizer.deny("room");
  await second;
  expect(authorizer.requests).toHaveLength(2);
});

test("every grant is released, however its room is left or not joined", async () => {
  const { connect, enter, authorizer, heldGrants, rooms, clock } = setUp({
    limits: { signalingRoomMembers: 2 },
  });
  const held: [string, number][] = [];
  const note = (way: string) => held.push([way, heldGrants()]);
  const { client: leaver } = await enter("a", "left");
  await leaver.say({ type: "leave", roomId: "left", peerId: "a" });
  note("left");
  const { client: goer } = await enter("b", "gone");
  goer.leave();
  note("gone");
  const { client: mover } = await enter("c", "first");
  const moving = mover.say(join("c", "second"));
  await authorizer.grant("second");
  await moving;
  note("moved");
  const again = mover.say(join("c", "second"));
  await authorizer.grant("second");
  await again;
  note("joined again");
  mover.leave();
  note("gone again");

  const { client: first } = await enter("d");
  const thief = connect("thief");
  const claim = thief.say(join("d"));
  await authorizer.grant("room");
  first.connection.pong();
  await claim;
  note("id in use");
  const resumed = connect("resumed");
  const resuming = resumed.say(join("d"));
  await authorizer.grant("room");
  clock.advance(3_000);
  await resuming;
  first.leave();
  note("resumed");
  await enter("e");
  const late = connect("late");
  const joining = late.say(join("f"));
  await authorizer.grant("room");
  await joining;
  note("full");
  await rooms.drain();
  const failing = connect("failing").say(join("h", "another"));
  const failed = failing.catch(() => {});
  await authorizer.grant("another");
  await failed;
  note("no room");
  expect(held).toEqual([
    ["left", 0],
    ["gone", 0],
    ["moved", 1],
    ["joined again", 1],
    ["gone again", 0],
    ["id in use", 1],
    ["resumed", 1],
    ["full", 2],
    ["no room", 2],
  ]);
});

test("a grant is released when its client disconnects while its join waits for the rate", async () => {
  const { enter, authorizer, heldGrants } = setUp({ limits: { publishBurst: 1, publishesPerSecond: 1 } });
  const { client: alice } = await enter("a");
  const moving = alice.say(join("a", "another"));
  await authorizer.grant("another");
  expect(heldGrants()).toBe(2);
  alice.abort();
  await moving;
  alice.leave();
  expect(heldGrants()).toBe(0);
});
