import { expect, test } from "bun:test";
import * as decoding from "lib0/decoding";
import { openAuthorizer } from "../../src/auth/open-authorizer.ts";
import { decodeAwareness, encodeAwareness } from "../../src/relay/awareness/awareness-codec.ts";
import { encodeMessage } from "../../src/relay/y-websocket/codec.ts";
import { synced, TestClients } from "../support/clients/providers.ts";
import { RawClient } from "../support/clients/raw-client.ts";
import { ScriptSocket } from "../support/clients/script-socket.ts";
import { WireSocket } from "../support/clients/wire-socket.ts";
import { eventually, pause } from "../support/eventually.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { NetworkPath } from "../support/servers/network-path.ts";
import { startRelayServer } from "../support/servers/relay-server.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

// A network that fails without a word: neither side is told that the connection has ended.

const limits = { idlePingMs: 300, pingAnswerMs: 200, livenessProbeMs: 200 };
/** The time in which a client is noticed, with some for a busy machine. */
const noticedMs = 2_000;

test("the presence of a frozen y-websocket client ends while others type, and joiners do not see it", async () => {
  await using server = await startTestServer({ limits });
  await using path = await NetworkPath.to(server.port);
  await using clients = new TestClients();
  const alice = clients.connect(path.wsUrl, "doc");
  const bob = clients.connect(server.wsUrl, "doc");
  for (const client of [alice, bob]) {
    client.provider.awareness.setLocalState({ user: { name: "somebody" } });
    await synced(client);
  }
  const sees = ({ provider }: typeof bob) => provider.awareness.getStates().has(alice.doc.clientID);
  await eventually("bob sees alice", () => sees(bob));
  path.freeze();
  const typing = setInterval(() => bob.text.insert(0, "x"), 20);
  await eventually("alice is gone", () => !sees(bob), noticedMs);
  clearInterval(typing);
  const carol = clients.connect(server.wsUrl, "doc");
  await synced(carol);
  await eventually("carol sees bob", () => carol.provider.awareness.getStates().has(bob.doc.clientID));
  expect(sees(carol)).toBe(false);
  expect(bob.provider.wsconnected).toBe(true);
}, 20_000);

test("by default the presence of a frozen client ends for everybody after 40 s, whatever is sent to it", async () => {
  const clock = new FakeClock();
  await using server = startRelayServer({ authorizer: openAuthorizer, clock });
  const frozen = await WireSocket.connect(server.port, "/sync/doc");
  const bob = await RawClient.connect(`${server.wsUrl}/sync/doc`);
  const present = (clientId: number, time: number) =>
    encodeMessage({ type: "awareness", body: encodeAwareness([{ clientId, clock: time, state: "{}" }]) });
  const lastHeard = (clientId: number) =>
    bob.frames
      .filter(([type]) => type === 1)
      .flatMap((frame) => decodeAwareness(decoding.readVarUint8Array(decoding.createDecoder(frame.subarray(1)))))
      .findLast((entry) => entry.clientId === clientId);
  frozen.send(present(1, 1));
  bob.sendBytes(present(2, 1));
  await eventually("bob sees it", () => {
    clock.advance(30);
    return lastHeard(1)?.state === "{}";
  });
  frozen.pause();
  const pass = async (seconds: number) => {
    for (let second = 1; second <= seconds; second += 1) {
      bob.sendBytes(present(2, 1 + second));
      clock.advance(1_000);
      await pause(2);
    }
  };
  await pass(38);
  expect(lastHeard(1)?.state).toBe("{}");
  await pass(2);
  await eventually("it is gone", () => lastHeard(1)?.state === undefined);
  await bob.close();
  frozen.reset();
}, 20_000);

test("the id of a frozen PeerJS client goes to the client that asks for it, and that of a live one does not", async () => {
  await using server = await startTestServer({ limits: { ...limits, idlePingMs: 60_000 } });
  await using path = await NetworkPath.to(server.port);
  const claim = (wsUrl: string, id: string, token: string) =>
    ScriptSocket.connect(`${wsUrl}/peerjs/peerjs?key=peerjs&id=${id}&token=${token}`);
  const [frozen, live] = [await claim(path.wsUrl, "frozen", "first"), await claim(server.wsUrl, "live", "first")];
  for (const client of [frozen, live]) expect(await client.next()).toEqual({ type: "OPEN" });
  path.freeze();
  // Messages to it are no sign of life.
  live.say({ type: "OFFER", payload: {}, dst: "frozen" });
  const [heir, thief] = [await claim(server.wsUrl, "frozen", "other"), await claim(server.wsUrl, "live", "other")];
  expect(await heir.next()).toEqual({ type: "OPEN" });
  expect(await thief.next()).toMatchObject({ type: "ID-TAKEN" });
  live.say({ type: "OFFER", payload: { n: 1 }, dst: "frozen" });
  expect(await heir.next()).toEqual({ type: "OFFER", src: "live", dst: "frozen", payload: { n: 1 } });
  await Promise.all([live, heir].map((client) => client.close()));
}, 20_000);

test("a frozen Cliffy client leaves its room, and an idle one stays in it", async () => {
  await using server = await startTestServer({ limits });
  await using path = await NetworkPath.to(server.port);
  const join = async (wsUrl: string, peerId: string) => {
    const client = await ScriptSocket.connect(wsUrl);
    client.say({ type: "join", roomId: "room", peerId });
    expect(await client.next()).toMatchObject({ type: "peers" });
    return client;
  };
  const idle = await join(server.wsUrl, "idle");
  await join(path.wsUrl, "frozen");
  expect(await idle.next()).toMatchObject({ type: "peer-joined", peerId: "frozen" });
  path.freeze();
  expect(await idle.next()).toEqual({ type: "peer-left", roomId: "room", peerId: "frozen" });
  await pause(3 * limits.idlePingMs);
  expect([idle.closed, idle.unread]).toEqual([undefined, []]);
  await idle.close();
}, 20_000);

test("a client whose connection was closed while it was frozen reconnects by itself", async () => {
  await using server = await startTestServer({ limits });
  await using path = await NetworkPath.to(server.port);
  await using clients = new TestClients();
  const alice = clients.connect(path.wsUrl, "doc");
  const bob = clients.connect(server.wsUrl, "doc");
  await eventually("bob sees alice", () => bob.provider.awareness.getStates().has(alice.doc.clientID));
  path.freeze();
  await eventually("alice is gone", () => !bob.provider.awareness.getStates().has(alice.doc.clientID), noticedMs);
  bob.text.insert(0, "meanwhile");
  path.end();
  await eventually("alice has it", () => alice.text.toString() === "meanwhile", noticedMs);
  await eventually("bob sees alice", () => bob.provider.awareness.getStates().has(alice.doc.clientID), noticedMs);
}, 20_000);
