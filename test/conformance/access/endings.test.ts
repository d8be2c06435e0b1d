import { afterAll, beforeAll, expect, test } from "bun:test";
import { io } from "socket.io-client";
import { WebrtcProvider } from "y-webrtc";
import * as Y from "yjs";
import { clockToleranceMs } from "../../../src/auth/clock-tolerance.ts";
import { createLog } from "../../../src/ops/log.ts";
import { inWords, providerFrames } from "../../support/bytes/hocuspocus-frames.ts";
import { revoke, secret, tokenFor } from "../../support/bytes/tokens.ts";
import { converged, synced, TestClients } from "../../support/clients/providers.ts";
import { RawClient } from "../../support/clients/raw-client.ts";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { typist } from "../../support/clients/typist.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { startTestServer, type TestServer } from "../../support/servers/start-test-server.ts";

// The tests of the table in docs/access.md, "Expiry and revocation". They run side by side, because they wait.

const rooms = { "notes/*": "write", "peerjs/peerjs": "read", peers: "read" } as const;

let server: TestServer;
/** The codes of the refused handshakes. */
const refusedHandshakes: string[] = [];

beforeAll(async () => {
  const write = (line: string) => {
    const { event, kind, code } = JSON.parse(line);
    if (event === "access-denied" && kind === "upgrade") refusedHandshakes.push(code);
  };
  const log = createLog({ level: "info", pretty: false, destination: { write } });
  server = await startTestServer({
    auth: { mode: "token", secrets: [secret] },
    log,
    limits: { authenticationMs: 1_000 },
  });
});
afterAll(() => server.stop());

/** A token with which access ends after `durationMs`. */
const tokenUntil = (durationMs: number, claims: Readonly<Record<string, unknown>> = {}) => {
  const now = Date.now();
  return tokenFor(rooms, { iat: now / 1_000 - 600, exp: (now + durationMs - clockToleranceMs) / 1_000, ...claims });
};

test.concurrent("y-websocket returns at the expiry with the token that is in its params then, and loses no edit", async () => {
  await using clients = new TestClients();
  const client = clients.connectWith(await tokenUntil(1_000), server.wsUrl, "notes/1");
  const witness = clients.connectWith(await tokenFor(rooms), server.wsUrl, "notes/1");
  await Promise.all([client, witness].map(synced));
  client.provider.params["token"] = await tokenUntil(60_000);
  const codes: number[] = [];
  client.provider.on("connection-close", (event) => codes.push(event?.code ?? 0));
  const type = typist(client.text, "w");
  while (codes.length === 0) {
    type(1);
    await pause(1);
  }
  type(5);
  await eventually("back", () => client.provider.wsconnected);
  type(5);
  await converged([client, witness]);
  expect(codes).toEqual([4501]);
});

test.concurrent("y-websocket with the old token returns once, and is then refused for good", async () => {
  await using clients = new TestClients();
  const client = clients.connectWith(await tokenUntil(1_000), server.wsUrl, "notes/2");
  const codes: number[] = [];
  client.provider.on("connection-close", (event) => codes.push(event?.code ?? 0));
  let stopped = 0;
  client.provider.on("closed", () => (stopped += 1));
  await eventually("stopped", () => stopped > 0);
  await pause(1_000);
  expect([codes, stopped]).toEqual([[4501, 4401], 1]);
});

test.concurrent("y-webrtc returns at the expiry with the URL that it has then, and is in its rooms again", async () => {
  const witness = await SignalingClient.connect(`${server.wsUrl}/signal?token=${await tokenFor(rooms)}`);
  witness.say({ type: "subscribe", topics: ["notes/3"] });
  await witness.handled();
  const signaling = [`${server.wsUrl}/signal?token=${await tokenUntil(1_000)}`];
  const provider = new WebrtcProvider("notes/3", new Y.Doc(), { signaling });
  const [connection] = provider.signalingConns;
  if (connection === undefined) throw new Error("no signaling connection");
  let ends = 0;
  const renewed = `${server.wsUrl}/signal?token=${await tokenUntil(60_000)}`;
  connection.on("disconnect", () => {
    ends += 1;
    connection.url = renewed;
    witness.received.splice(0);
  });
  const isAnnounced = () => witness.received.some((frame) => frame.includes(provider.room?.peerId ?? "-"));
  await eventually("announced", isAnnounced);
  await eventually("ended", () => ends === 1);
  await eventually("announced again", isAnnounced);
  await pause(500);
  expect([ends, connection.connected]).toEqual([1, true]);
  provider.disconnect();
  provider.destroy();
  await witness.close();
});

test.concurrent("y-webrtc with the old URL is refused before the upgrade, and backs off", async () => {
  const signaling = [`${server.wsUrl}/signal?token=${await tokenUntil(1_000)}&old`];
  const provider = new WebrtcProvider("notes/4", new Y.Doc(), { signaling });
  const [connection] = provider.signalingConns;
  await eventually("connected", () => connection?.connected === true);
  await eventually("ended", () => connection?.connected === false);
  await pause(2_000);
  // The attempts are 0 s, 0.36 s, 0.57 s and 0.72 s apart; without delays they would take milliseconds.
  expect(refusedHandshakes.length).toBeGreaterThan(1);
  expect(refusedHandshakes.length).toBeLessThan(7);
  provider.disconnect();
  provider.destroy();
});

test.concurrent("socket.io's client returns at the expiry, with the token that its function returns then", async () => {
  const tokens = [await tokenUntil(1_000), await tokenUntil(60_000)];
  const socket = io(server.url, {
    forceNew: true,
    transports: ["websocket"],
    reconnectionDelay: 50,
    auth: (answer) => answer({ token: tokens.shift() }),
  });
  const seen: unknown[] = [];
  socket.on("connect", () => seen.push("connect"));
  socket.on("error", (reason) => seen.push(reason));
  socket.on("disconnect", (reason) => seen.push(reason));
  await eventually("back", () => seen.filter((each) => each === "connect").length === 2);
  expect(seen).toEqual(["connect", "permission expired", "transport close", "connect"]);
  socket.disconnect();
});

test.concurrent("PeerJS is told that its permission has expired, and closed", async () => {
  const path = `/peerjs/peerjs?key=peerjs&id=${crypto.randomUUID()}&token=t&access_token=`;
  const client = await ScriptSocket.connect(server.wsUrl + path + (await tokenUntil(1_000)));
  expect(await client.next()).toEqual({ type: "OPEN" });
  expect(await client.next()).toEqual({ type: "ERROR", payload: { msg: "permission expired" } });
  await eventually("closed", () => client.closed !== undefined);
  expect(client.closed).toEqual({ code: 4501, reason: "grant-expired" });
});

test.concurrent.each([
  ["Cliffy", { type: "join", roomId: "notes/7", peerId: "cliffy" }, { message: "permission expired" }],
  [
    "OctateCode's editor",
    { type: "auth", data: { userId: "e", roomId: "notes/e", token: null } },
    { data: { error: "Token expired" } },
  ],
  [
    "OctateCode's peers",
    { type: "auth", roomId: "notes/b", from: "b", data: {} },
    { data: { error: "Token expired" } },
  ],
])("%s is told that its permission has expired, and closed", async (_name, join, error) => {
  const client = await ScriptSocket.connect(`${server.wsUrl}/signal?token=${await tokenUntil(1_000)}`);
  client.say(join);
  await client.next();
  expect(await client.next()).toMatchObject({ type: "error", ...error });
  await eventually("closed", () => client.closed !== undefined);
  expect(client.closed).toEqual({ code: 4501, reason: "grant-expired" });
});

test.concurrent("OctateCode is told that its token has expired, and may show another on the same connection", async () => {
  const client = await ScriptSocket.connect(`${server.wsUrl}/signal`);
  const auth = (token: string) =>
    client.say({ type: "auth", roomId: "notes/8", userId: "o", data: { token }, timestamp: 1 });
  auth(await tokenUntil(1_000, { sub: "o" }));
  expect(await client.next()).toMatchObject({ type: "auth" });
  expect(await client.next()).toMatchObject({ type: "error", data: { error: "Token expired" } });
  auth(await tokenUntil(60_000, { sub: "o" }));
  expect(await client.next()).toMatchObject({ type: "auth" });
  await client.close();
});

test.concurrent("Hocuspocus is asked for a token first, then closed", async () => {
  const frames = providerFrames("notes/9");
  const client = await RawClient.connect(`${server.wsUrl}/collab`);
  client.sendBytes(frames.auth(await tokenUntil(1_000)));
  await eventually("closed", () => client.closed !== undefined);
  expect(client.frames.map(inWords)).toEqual(["notes/9: authenticated read-write", "notes/9: asks for a token"]);
  expect(client.closed).toEqual({ code: 4501, reason: "grant-expired" });
});

test.concurrent("a revocation is final in every protocol that can say so", async () => {
  const user = crypto.randomUUID();
  const claims = { sub: user };
  const token = await tokenUntil(60_000, claims);
  const yWebsocket = await RawClient.connect(`${server.wsUrl}/sync/notes/10?token=${token}`);
  await yWebsocket.sync();
  const hocuspocus = await RawClient.connect(`${server.wsUrl}/collab`);
  hocuspocus.sendBytes(providerFrames("notes/10").auth(token));
  await eventually("in", () => hocuspocus.frames.length > 0);
  const yWebrtc = await SignalingClient.connect(`${server.wsUrl}/signal?token=${token}`);
  yWebrtc.say({ type: "subscribe", topics: ["notes/10"] });
  await yWebrtc.handled();
  const cliffy = await ScriptSocket.connect(`${server.wsUrl}/signal?token=${token}`);
  cliffy.say({ type: "join", roomId: "notes/10", peerId: user });
  await cliffy.next();
  const peerjs = await ScriptSocket.connect(
    `${server.wsUrl}/peerjs/peerjs?key=peerjs&id=${user}&token=t&access_token=${token}`,
  );
  await peerjs.next();
  const seen: unknown[] = [];
  const peers = io(server.url, { forceNew: true, transports: ["websocket"], reconnectionDelay: 50, auth: { token } });
  for (const event of ["connect", "error", "disconnect"])
    peers.on(event, (reason?: string) => seen.push(reason ?? event));
  await eventually("connected", () => seen.length === 1);

  expect(await revoke(server.url, { user })).toMatchObject({ ended: 6 });

  await eventually("closed", () => yWebsocket.closed !== undefined && peerjs.closed !== undefined);
  expect([yWebsocket.closed?.code, yWebsocket.denials]).toEqual([4401, ["unauthorized: permission revoked"]]);
  expect([peerjs.closed?.code, await peerjs.next()]).toEqual([
    4401,
    { type: "ERROR", payload: { msg: "permission revoked" } },
  ]);
  expect(await cliffy.next()).toEqual({ type: "error", message: "permission revoked" });
  await eventually("a stranger's connection is closed", () => hocuspocus.closed !== undefined);
  expect([hocuspocus.closed?.code, hocuspocus.frames.map(inWords)]).toEqual([
    4408,
    ["notes/10: authenticated read-write", "notes/10: denied unauthorized: permission revoked", "notes/10: status 0"],
  ]);
  await yWebrtc.handled();
  expect([seen, peers.active, yWebrtc.isOpen, cliffy.closed]).toEqual([
    ["connect", "permission revoked", "io server disconnect"],
    false,
    true,
    undefined,
  ]);
  await Promise.all([yWebrtc.close(), cliffy.close()]);
});
