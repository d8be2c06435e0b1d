import { expect, test } from "bun:test";
import { octateCodePeers } from "../../../src/signaling/octatecode/peers-dialect.ts";
import { settled } from "../../support/eventually.ts";
import { denialOf, expired } from "../../support/fakes/held-authorizer.ts";
import type { DialectOptions } from "../../support/servers/dialect-clients.ts";
import { heldPeerDialect } from "../../support/servers/peer-dialect.ts";

const setUp = (options: Pick<DialectOptions, "limits"> = {}) => heldPeerDialect(octateCodePeers, auth, options);

const auth = (from: string, roomId = "room") => ({ type: "auth", roomId, from, data: {} });
const error = (text: string) => ({ type: "error", data: { error: text } });

test("the authorizer is asked with the token of the handshake", async () => {
  const { connect, authorizer } = setUp();
  void connect("alice", { headerToken: "secret" }).say(auth("a"));
  expect(authorizer.requests).toMatchObject([{ kind: "signaling", room: "room", token: "secret" }]);
});

test.each([
  [denialOf("forbidden"), "not now"],
  [denialOf("unavailable"), "not now"],
  [expired, "Token expired"],
] as const)("%j is told in its words", async (denial, text) => {
  const { connect, enter, authorizer, openRooms } = setUp();
  const alice = connect("alice");
  const entering = alice.say(auth("a"));
  await authorizer.answer("room", denial);
  await entering;
  expect([alice.received(), openRooms()]).toEqual([[error(text)], 0]);
  const { client: bob } = await enter("b");
  const { client: carol, grant } = await enter("c");
  for (const client of [bob, carol]) client.received();
  grant.end(denial);
  await carol.say({ type: "offer", to: "b", data: {} });
  expect(carol.received()).toEqual([error(text)]);
  expect(bob.received()).toEqual([{ type: "peerLeft", roomId: "room", peerId: "c" }]);
});

test("every grant is released, however its room is left or not joined", async () => {
  const { connect, enter, authorizer, heldGrants, clock } = setUp({ limits: { signalingRoomMembers: 2 } });
  const held: [string, number][] = [];
  const note = (way: string) => held.push([way, heldGrants()]);
  const { client: leaver } = await enter("a", "left");
  await leaver.say({ type: "leave" });
  note("left");
  const { client: goer } = await enter("b", "gone");
  goer.leave();
  note("gone");
  const { client: mover } = await enter("c", "first");
  for (const roomId of ["second", "second"]) {
    const moving = mover.say(auth("c", roomId));
    await authorizer.grant(roomId);
    await moving;
    note("moved");
  }
  mover.leave();
  const { client: first, grant } = await enter("d");
  const thief = connect("thief");
  const claim = thief.say(auth("d"));
  await authorizer.grant("room");
  first.connection.pong();
  await claim;
  note("id in use");
  const resumed = connect("resumed");
  const resuming = resumed.say(auth("d"));
  await authorizer.grant("room");
  clock.advance(3_000);
  await resuming;
  first.leave();
  note("resumed");
  await enter("e");
  await enter("f");
  note("full");
  grant.end(expired);
  await settled();
  resumed.leave();
  note("the rest");
  expect(held).toEqual([
    ["left", 0],
    ["gone", 0],
    ["moved", 1],
    ["moved", 1],
    ["id in use", 1],
    ["resumed", 1],
    ["full", 2],
    ["the rest", 1],
  ]);
});
