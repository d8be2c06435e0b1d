import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { WireSocket } from "../../support/clients/wire-socket.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

let server: TestServer;
let url: string;
const clients: ScriptSocket[] = [];

beforeAll(async () => {
  server = await startTestServer({ compatibilityPorts: [0], limits: { livenessProbeMs: 300 } });
  url = `127.0.0.1:${server.compatibilityPorts[0]}`;
});
afterAll(() => server.stop());
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

const json = async (path: string, body?: unknown) => {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`http://${url}${path}`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

async function tokenFor(userId: string, roomId: string): Promise<string> {
  const { body } = await json("/api/auth/token", { userId, roomId });
  return String(body["token"]);
}

async function connect(): Promise<ScriptSocket> {
  const client = await ScriptSocket.connect(`ws://${url}`);
  clients.push(client);
  return client;
}

async function authenticated(userId: string, roomId: string, type = "auth"): Promise<ScriptSocket> {
  const client = await connect();
  const data = { token: await tokenFor(userId, roomId) };
  client.say({ type, roomId, userId, data, timestamp: Date.now() });
  expect(await client.next()).toMatchObject({ type, roomId, userId, data: { status: "authenticated" } });
  return client;
}

/** A host and a guest in a new room. */
async function pair(roomId: string) {
  const [host, guest] = [await authenticated("host", roomId), await authenticated("guest", roomId)];
  host.say({ type: "create-room", roomId, userId: "host", data: { roomName: "Name", userName: "Hanna" } });
  expect(await host.next()).toMatchObject({ type: "room-created", data: { room: { roomId, peerCount: 1 } } });
  guest.say({ type: "join-room", roomId, userId: "guest", data: { userName: "Gustav" } });
  expect(await guest.next()).toMatchObject({ type: "room-joined", data: { room: { roomId, peerCount: 2 } } });
  expect(await host.next()).toMatchObject({
    type: "peer-joined",
    roomId,
    userId: "guest",
    data: { peer: { userId: "guest", userName: "Gustav" } },
  });
  return { host, guest };
}

describe("with tokens", () => {
  test("a host and a guest come to an agreement, in the casing of each", async () => {
    const { host } = await pair("flow");
    const loud = await authenticated("loud", "flow", "AUTH");
    loud.say({ type: "JOIN_ROOM", roomId: "flow", userId: "loud", data: { userName: "Lou" } });
    expect(await loud.next()).toMatchObject({ type: "ROOM_JOINED", data: { room: { peerCount: 3 } } });
    expect(await host.next()).toMatchObject({ type: "peer-joined", userId: "loud" });
    const offer = { type: "offer", sdp: "v=0" };
    loud.say({ type: "SDP_OFFER", roomId: "flow", userId: "loud", targetUserId: "host", data: { offer } });
    expect(await host.next()).toMatchObject({
      type: "sdp-offer",
      userId: "loud",
      data: { offer: { type: "offer", sdp: "v=0", offer } },
    });
    host.say({ type: "sdp-answer", targetUserId: "loud", data: { answer: { type: "answer", sdp: "v=0" } } });
    host.say({ type: "ice-candidate", targetUserId: "loud", data: { candidate: { candidate: "c", sdpMid: "0" } } });
    expect(await loud.next()).toMatchObject({ type: "SDP_ANSWER", userId: "host", data: { answer: { sdp: "v=0" } } });
    expect(await loud.next()).toMatchObject({ type: "ICE_CANDIDATE", data: { candidate: { sdpMid: "0" } } });
    host.say({ type: "heartbeat", roomId: "flow", userId: "host", timestamp: 1 });
    expect(await host.next()).toMatchObject({ type: "heartbeat", userId: "host" });
  });

  test.each(["leaves", "closes", "crashes"])("a guest who %s is reported to the others", async (how) => {
    const roomId = `gone: ${how}`;
    const { host, guest } = await pair(roomId);
    if (how === "leaves") guest.say({ type: "leave-room", roomId, userId: "guest" });
    else if (how === "closes") await guest.close();
    else guest.crash();
    expect(await host.next()).toEqual({ type: "peer-left", roomId, userId: "guest", timestamp: expect.any(Number) });
  });

  test("a user with a dead socket resumes, and the late close of that socket changes nothing", async () => {
    const { host } = await pair("resume");
    const dead = await WireSocket.connect(server.compatibilityPorts[0] ?? 0, "/");
    const say = (message: unknown) => dead.send(new TextEncoder().encode(JSON.stringify(message)));
    say({ type: "auth", roomId: "resume", userId: "ada", data: { token: await tokenFor("ada", "resume") } });
    say({ type: "join-room", data: {} });
    expect(await host.next()).toMatchObject({ type: "peer-joined", userId: "ada" });
    dead.pause();
    const resumed = await authenticated("ada", "resume");
    resumed.say({ type: "join-room", data: {} });
    expect(await resumed.next()).toMatchObject({ type: "room-joined", data: { room: { peerCount: 3 } } });
    expect(await host.next()).toMatchObject({ type: "peer-joined", userId: "ada" });
    dead.reset();
    await dead.closed;
    host.say({ type: "sdp-offer", targetUserId: "ada", data: {} });
    expect(await resumed.next()).toMatchObject({ type: "sdp-offer", userId: "host" });
    expect(host.unread).toEqual([]);
  });

  test("no user can send as another, take another's id or reach another room", async () => {
    const { host, guest } = await pair("spoofed");
    guest.say({ type: "sdp-offer", roomId: "other", userId: "host", targetUserId: "host", data: {} });
    expect(await host.next()).toMatchObject({ type: "sdp-offer", roomId: "spoofed", userId: "guest" });
    const thief = await authenticated("guest", "spoofed");
    thief.say({ type: "join-room", data: {} });
    expect(await thief.next()).toMatchObject({ type: "error", data: { error: "User ID in use" } });
    const stranger = await connect();
    const token = await tokenFor("stranger", "other");
    stranger.say({ type: "auth", roomId: "spoofed", userId: "stranger", data: { token } });
    expect(await stranger.next()).toMatchObject({
      data: { error: "Not authorized for this room. Token is for another room" },
    });
    stranger.say({ type: "sdp-offer", roomId: "spoofed", userId: "host", targetUserId: "guest", data: {} });
    expect(await stranger.next()).toMatchObject({ data: { error: "Not authenticated" } });
    expect(guest.unread).toEqual([]);
  });
});

describe("with peers", () => {
  async function enter(roomId: string, from: string): Promise<ScriptSocket> {
    const client = await connect();
    client.say({ type: "auth", roomId, from, data: { name: from.toUpperCase() } });
    expect(await client.next()).toMatchObject({ type: "peerList", roomId });
    return client;
  }

  test("they meet, come to an agreement under their own names, and part", async () => {
    const a = await enter("peers", "a");
    const b = await enter("peers", "b");
    expect(await a.next()).toEqual({ type: "peerJoined", roomId: "peers", peerId: "b", peerName: "B" });
    for (const type of ["offer", "answer", "ice"]) {
      a.say({ type, roomId: "peers", from: "another peer", to: "b", data: { type } });
      expect(await b.next()).toEqual({ type, roomId: "peers", peerId: "a", from: "a", to: "b", data: { type } });
    }
    const stranger = await enter("other peers", "stranger");
    stranger.say({ type: "offer", roomId: "peers", from: "a", to: "b", data: {} });
    a.crash();
    expect(await b.next()).toEqual({ type: "peerLeft", roomId: "peers", peerId: "a" });
  });

  test("chat and sync reach everyone in the room", async () => {
    const a = await enter("talk", "a");
    const b = await enter("talk", "b");
    await a.next();
    for (const type of ["chat", "sync"]) {
      const data = { text: "hello", timestamp: 1 };
      a.say({ type, roomId: "talk", from: "a", data });
      for (const client of [a, b]) {
        expect(await client.next()).toEqual({ type, roomId: "talk", peerId: "a", from: "a", data });
      }
    }
  });

  test("a peer id in live use is refused, one with a dead socket is resumed", async () => {
    const watcher = await enter("claims", "watcher");
    const thief = await connect();
    thief.say({ type: "auth", roomId: "claims", from: "watcher", data: {} });
    expect(await thief.next()).toMatchObject({ type: "error", data: { error: "Peer id in use" } });
    const dead = await WireSocket.connect(server.compatibilityPorts[0] ?? 0, "/");
    dead.send(new TextEncoder().encode(JSON.stringify({ type: "auth", roomId: "claims", from: "mobile" })));
    expect(await watcher.next()).toMatchObject({ type: "peerJoined", peerId: "mobile" });
    dead.pause();
    const resumed = await enter("claims", "mobile");
    dead.reset();
    await dead.closed;
    expect(await watcher.next()).toMatchObject({ type: "peerJoined", peerId: "mobile" });
    watcher.say({ type: "offer", to: "mobile", data: {} });
    expect(await resumed.next()).toMatchObject({ type: "offer", from: "watcher" });
    expect(watcher.unread).toEqual([]);
  });
});

test("the extension for VS Code joins without a token, and users share operations and cursors", async () => {
  const enter = async (userId: string) => {
    const client = await connect();
    client.say({ type: "auth", data: { roomId: "editors", userId, userName: userId.toUpperCase(), token: null } });
    expect(await client.next()).toMatchObject({ type: "auth-success", data: { userId } });
    client.say({ type: "join-room", data: { roomId: "editors", userId, userName: userId.toUpperCase() } });
    expect(await client.next()).toMatchObject({ type: "room-joined" });
    return client;
  };
  const [a, b] = [await enter("a"), await enter("b")];
  expect(await a.next()).toMatchObject({ type: "user_joined", data: { userId: "b", userName: "B" } });
  const operation = { operationId: "1", data: "x", version: 1, timestamp: 2 };
  a.say({ type: "operation", roomId: "editors", userId: "a", userName: "A", ...operation });
  expect(await b.next()).toEqual({ type: "operation", roomId: "editors", userId: "a", userName: "A", ...operation });
  b.say({ type: "cursor", roomId: "editors", userId: "a", line: 3, column: 4 });
  expect(await a.next()).toMatchObject({ type: "cursor", userId: "b", line: 3, column: 4 });
});

test("its HTTP routes answer on every port, and contain no names", async () => {
  await pair("secret room");
  expect(await json("/api/health")).toMatchObject({ status: 200, body: { status: "ok" } });
  const stats = await json("/api/stats");
  expect(stats).toMatchObject({ status: 200, body: { operations: { total: 0, perSecond: 0 } } });
  const status = await json("/api/signaling/status");
  expect(status.body).toMatchObject({ status: "ok", topic_sizes: {} });
  expect(JSON.stringify([stats, status])).not.toContain("secret room");
  expect((await json("/api/rooms/secret%20room")).status).toBe(403);
  expect((await json("/api/rooms", { room_id: "made by HTTP" })).status).toBe(201);
  expect((await json("/api/rooms", { room_id: "made by HTTP" })).status).toBe(409);
  const guest = await authenticated("guest", "made by HTTP");
  guest.say({ type: "join-room", data: {} });
  expect(await guest.next()).toMatchObject({ type: "room-joined", data: { room: { peerCount: 1 } } });
  expect(await (await fetch(`${server.url}/api/health`)).json()).toMatchObject({ status: "ok" });
});
