import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { WireSocket } from "../../support/clients/wire-socket.ts";
import { eventually } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let server: TestServer;
const clients: ScriptSocket[] = [];

beforeAll(async () => {
  // The clients use the server like their own: on a separate port, at any path.
  server = await startTestServer({ compatibilityPorts: [0], limits: { livenessProbeMs: 300 } });
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

async function connect(path = ""): Promise<ScriptSocket> {
  const client = await ScriptSocket.connect(`ws://127.0.0.1:${server.compatibilityPorts[0]}${path}`);
  clients.push(client);
  return client;
}

async function join(roomId: string, peerId: string, path?: string): Promise<ScriptSocket> {
  const client = await connect(path);
  client.say({ type: "join", roomId, peerId, peerName: peerId.toUpperCase() });
  expect(await client.next()).toMatchObject({ type: "peers", roomId });
  return client;
}

/** Two peers that have just met, `a` and `b`. */
async function pair(roomId: string) {
  const a = await join(roomId, `a of ${roomId}`);
  const b = await join(roomId, `b of ${roomId}`);
  expect(await a.next()).toEqual({
    type: "peer-joined",
    roomId,
    peerId: `b of ${roomId}`,
    peerName: `B OF ${roomId.toUpperCase()}`,
  });
  return { a, b, idA: `a of ${roomId}`, idB: `b of ${roomId}` };
}

test("the joiner offers to each listed peer, and they come to an agreement", async () => {
  await join("flow", "first");
  const second = await connect("/signal");
  second.say({ type: "join", roomId: "flow", peerId: "second" });
  expect(await second.next()).toEqual({ type: "peers", roomId: "flow", peers: [{ id: "first", name: "FIRST" }] });
  const [first] = clients;
  expect(await first?.next()).toEqual({ type: "peer-joined", roomId: "flow", peerId: "second" });
  const sdp = JSON.stringify({ type: "offer", sdp: "v=0\r\n" });
  second.say({ type: "offer", fromPeerId: "second", toPeerId: "first", sdp });
  expect(await first?.next()).toEqual({ type: "offer", fromPeerId: "second", toPeerId: "first", sdp });
  first?.say({ type: "answer", fromPeerId: "first", toPeerId: "second", sdp: "{}" });
  const candidate = JSON.stringify({ candidate: "candidate:1 1 udp", sdpMid: "0", sdpMLineIndex: 0 });
  first?.say({ type: "ice-candidate", fromPeerId: "first", toPeerId: "second", candidate });
  expect(await second.next()).toEqual({ type: "answer", fromPeerId: "first", toPeerId: "second", sdp: "{}" });
  expect(await second.next()).toEqual({ type: "ice-candidate", fromPeerId: "first", toPeerId: "second", candidate });
});

test("leaving, closing and crashing are reported to the others", async () => {
  const watcher = await join("leaving", "watcher");
  for (const [peerId, go] of [
    ["leaves", (client: ScriptSocket) => client.say({ type: "leave", roomId: "leaving", peerId: "leaves" })],
    ["closes", (client: ScriptSocket) => client.close()],
    ["crashes", (client: ScriptSocket) => client.crash()],
  ] as const) {
    const client = await join("leaving", peerId);
    expect(await watcher.next()).toMatchObject({ type: "peer-joined", peerId });
    await go(client);
    expect(await watcher.next()).toEqual({ type: "peer-left", roomId: "leaving", peerId });
  }
});

test("a peer with a dead socket resumes, and the late close of that socket changes nothing", async () => {
  const watcher = await join("resume", "watcher");
  const dead = await WireSocket.connect(server.compatibilityPorts[0] ?? 0, "/");
  dead.send(new TextEncoder().encode(JSON.stringify({ type: "join", roomId: "resume", peerId: "mobile" })));
  expect(await watcher.next()).toMatchObject({ type: "peer-joined", peerId: "mobile" });
  dead.pause();
  const resumed = await join("resume", "mobile");
  expect(await watcher.next()).toMatchObject({ type: "peer-joined", peerId: "mobile" });
  dead.reset();
  await dead.closed;
  watcher.say({ type: "offer", fromPeerId: "watcher", toPeerId: "mobile", sdp: "{}" });
  expect(await resumed.next()).toMatchObject({ type: "offer", fromPeerId: "watcher" });
  expect(watcher.unread).toEqual([]);
});

test("a peer id in live use is refused to others", async () => {
  const { a, b, idB } = await pair("in use");
  const thief = await connect();
  thief.say({ type: "join", roomId: "in use", peerId: idB });
  expect(await thief.next()).toEqual({ type: "error", message: "Peer id in use" });
  a.say({ type: "offer", toPeerId: idB, sdp: "{}" });
  expect(await b.next()).toMatchObject({ type: "offer" });
});

test("no peer can send as another, or reach another room", async () => {
  const { a, b, idA, idB } = await pair("spoofed");
  const stranger = await join("another room", "stranger");
  stranger.say({ type: "offer", fromPeerId: idA, toPeerId: idB, sdp: "from outside" });
  stranger.say({ type: "leave", roomId: "spoofed", peerId: idB });
  a.say({ type: "offer", fromPeerId: "stranger", toPeerId: idB, sdp: "from a" });
  expect(await b.next()).toEqual({ type: "offer", fromPeerId: idA, toPeerId: idB, sdp: "from a" });
  expect([b.unread, stranger.unread]).toEqual([[], []]);
});

test("a room of the same name in another dialect is another room", async () => {
  const { a, b, idA } = await pair("shared name");
  const yWebrtc = await connect();
  yWebrtc.say({ type: "subscribe", topics: ["shared name"] });
  yWebrtc.say({ type: "publish", topic: "shared name", data: { type: "signal", to: idA } });
  yWebrtc.say({ type: "ping" });
  expect(await yWebrtc.next()).toEqual({ type: "pong" });
  b.say({ type: "offer", toPeerId: idA, sdp: "{}" });
  expect(await a.next()).toMatchObject({ type: "offer" });
  expect([a.unread, yWebrtc.unread]).toEqual([[], []]);
});

test("an invalid frame is answered with an error and closes no connection", async () => {
  const { a, b, idB } = await pair("garbage");
  a.send("garbage");
  expect(await a.next()).toEqual({ type: "error", message: "Invalid message format" });
  a.say({ type: "offer", toPeerId: idB, sdp: "x".repeat(70_000) });
  const message = expect.stringMatching(/^limits\.signaling-frame-bytes: a frame of \d+ bytes$/);
  expect(await a.next()).toEqual({ type: "error", message });
  a.say({ type: "offer", toPeerId: idB, sdp: "{}" });
  expect(await b.next()).toMatchObject({ type: "offer" });
  expect([a.closed, b.closed]).toEqual([undefined, undefined]);
});

test("the server closes its clients with a code on which they reconnect", async () => {
  await using own = await startTestServer({ syncEnabled: false });
  const client = await ScriptSocket.connect(own.wsUrl);
  client.say({ type: "join", roomId: "room", peerId: "peer" });
  await client.next();
  await own.stop();
  await eventually("closed", () => client.closed !== undefined);
  expect(client.closed).toEqual({ code: 1012, reason: "restart" });
});
