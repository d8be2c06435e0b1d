import { describe, expect, test } from "bun:test";
import { WebsocketClient } from "lib0/websocket";
import { io, type Socket, type SocketOptions } from "socket.io-client";
import { WebrtcProvider } from "y-webrtc";
import * as Y from "yjs";
import { ScriptSocket } from "../../support/clients/script-socket.ts";
import { SignalingClient } from "../../support/clients/signaling-client.ts";
import { eventually, pause } from "../../support/eventually.ts";
import { FakeAuthorizer } from "../../support/fakes/fake-authorizer.ts";
import { denialOf, expired, revoked } from "../../support/fakes/held-authorizer.ts";
import { startSignalingServer } from "../../support/servers/signaling-server.ts";

/** An authorizer that refuses clients without a token and those with the token `bad`. */
function restricted(): FakeAuthorizer {
  const authorizer = new FakeAuthorizer();
  authorizer.decide(undefined, denialOf("unauthorized", "no-token"));
  authorizer.decide("bad", denialOf("unauthorized"));
  return authorizer;
}

describe("lib0's client", () => {
  test("with a bad token is never accepted, and reconnects by its own backoff", async () => {
    const authorizer = restricted();
    let attempts = 0;
    const counting = {
      authenticate: (token: string | undefined) => {
        attempts += 1;
        return authorizer.authenticate(token);
      },
      authorize: (request: Parameters<typeof authorizer.authorize>[0]) => authorizer.authorize(request),
    };
    await using server = startSignalingServer({ authorizer: counting });
    const startedAt = performance.now();
    const client = new WebsocketClient(`${server.wsUrl}/signal?token=bad`);
    const events: string[] = [];
    for (const event of ["connect", "disconnect"]) client.on(event, () => events.push(event));
    await eventually("five attempts", () => attempts >= 5);
    // The attempts are 0.36 s, 0.57 s, 0.72 s and 0.84 s apart; without delays they would take milliseconds.
    expect(performance.now() - startedAt).toBeGreaterThan(2_000);
    expect(events).toEqual([]);
    client.destroy();
    expect((await fetch(`${server.url}/signal`)).status).toBe(200);
  }, 15_000);

  test("without a token is accepted, stays, and has no topic", async () => {
    const authorizer = restricted();
    await using server = startSignalingServer({ authorizer });
    const member = await SignalingClient.connect(`${server.wsUrl}/signal?token=good`);
    member.say({ type: "subscribe", topics: ["room"] });
    await member.handled();
    const client = new WebsocketClient(`${server.wsUrl}/signal`);
    let opens = 0;
    let pongs = 0;
    client.on("message", ({ type }: { type: string }) => {
      if (type === "pong") pongs += 1;
    });
    client.on("connect", () => {
      opens += 1;
      client.send({ type: "subscribe", topics: ["room"] });
      client.send({ type: "publish", topic: "room", data: "from outside" });
      client.send({ type: "ping" });
    });
    // The pong shows that the server has handled all messages of the client.
    await eventually("a pong", () => pongs === 1);
    expect(authorizer.requests).toHaveLength(2);
    await member.handled();
    expect([opens, member.received.filter((frame) => frame.includes("outside"))]).toEqual([1, []]);
    client.destroy();
    await member.close();
  });
});

test("receives the reason of a refusal before the upgrade over HTTP", async () => {
  await using server = startSignalingServer({ authorizer: restricted() });
  const headers = { upgrade: "websocket", connection: "Upgrade", "sec-websocket-version": "13" };
  for (const [path, extra] of [
    ["/signal?token=bad", {}],
    ["/", { authorization: "Bearer bad" }],
    ["/", { "sec-websocket-protocol": "bearer.bad" }],
  ] as const) {
    const response = await fetch(server.url + path, {
      headers: { ...headers, ...extra, "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" },
    });
    expect([response.status, await response.text()]).toEqual([401, "not now\n"]);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
  }
});

describe("y-webrtc's provider", () => {
  test("announces itself with a valid token, and is disconnected when its grant ends", async () => {
    const authorizer = restricted();
    await using server = startSignalingServer({ authorizer });
    const signaling = [`${server.wsUrl}/signal?token=good`];
    const member = await SignalingClient.connect(signaling[0] ?? "");
    member.say({ type: "subscribe", topics: ["room", "other"] });
    await member.handled();
    const provider = new WebrtcProvider("room", new Y.Doc(), { signaling });
    await eventually("announced", () => member.received.some((frame) => frame.includes('"announce"')));
    expect(authorizer.requests.map(({ room, token }) => [room, token])).toEqual([
      ["room", "good"],
      ["other", "good"],
      ["room", "good"],
    ]);
    authorizer.grants[2]?.end(revoked);
    member.received.splice(0);
    member.say({ type: "publish", topic: "room", data: 1 });
    await member.handled();
    expect(provider.signalingConns.every(({ connected }) => connected)).toBe(true);
    provider.disconnect();
    provider.destroy();
    await eventually("released", () => authorizer.grants[2]?.isReleased === true);
    await member.close();
    await eventually("all released", () => authorizer.grants.every(({ isReleased }) => isReleased));
  });

  test("enters and announces itself when the authorizer answers late", async () => {
    const authorizer = restricted();
    await using server = startSignalingServer({ authorizer });
    const signaling = [`${server.wsUrl}/signal?token=good`];
    const member = await SignalingClient.connect(signaling[0] ?? "");
    member.say({ type: "subscribe", topics: ["room"] });
    await member.handled();
    authorizer.decide("good", denialOf("unavailable"));
    const provider = new WebrtcProvider("room", new Y.Doc(), { signaling });
    await eventually("asked", () => authorizer.requests.length === 2);
    authorizer.decide("good", "read");
    await eventually("announced", () => member.received.some((frame) => frame.includes('"announce"')));
    provider.disconnect();
    provider.destroy();
    await member.close();
  });
});

describe("socket.io-client", () => {
  /** The events of a client, in order. */
  function connect(url: string, auth: SocketOptions["auth"], transports = ["websocket"]) {
    const socket: Socket = io(url, { transports, forceNew: true, reconnectionDelay: 50, ...(auth && { auth }) });
    const seen: unknown[] = [];
    socket.on("connect", () => seen.push("connect"));
    socket.on("connect_error", (error) => seen.push([error.message, (error as Error & { data?: unknown }).data]));
    socket.on("disconnect", (reason) => seen.push(reason));
    socket.on("error", (reason) => seen.push(["error", reason]));
    return { socket, seen };
  }

  test.each([["websocket"], ["polling"]])(
    "receives the reason of a denial over %s, and does not reconnect",
    async (way) => {
      const authorizer = restricted();
      await using server = startSignalingServer({ authorizer });
      const { socket, seen } = connect(server.url, { token: "bad" }, [way]);
      await eventually("denied", () => seen.length > 0);
      await pause(500);
      expect(seen).toEqual([["not now", { kind: "unauthorized", code: "bad-signature" }]]);
      expect([socket.active, authorizer.requests.length]).toEqual([false, 1]);
      socket.auth = { token: "good" };
      socket.connect();
      await eventually("connected", () => seen.includes("connect"));
      expect(authorizer.requests.at(-1)).toMatchObject({ kind: "signaling", room: "peers", token: "good" });
      socket.disconnect();
    },
  );

  test("reconnects by itself when the authorizer was unavailable", async () => {
    const authorizer = restricted();
    authorizer.decide("good", denialOf("unavailable"));
    await using server = startSignalingServer({ authorizer });
    const { socket, seen } = connect(server.url, { token: "good" });
    await eventually("asked twice", () => authorizer.requests.length > 1);
    authorizer.decide("good", "read");
    await eventually("connected", () => seen.includes("connect"));
    socket.disconnect();
  });

  test("receives the end of its grant, stays away, and connects again with a new token", async () => {
    const authorizer = restricted();
    await using server = startSignalingServer({ authorizer });
    const [alice, bob] = [connect(server.url, { token: "good" }), connect(server.url, { token: "good" })];
    const offline: unknown[] = [];
    bob.socket.on("device-offline", (id) => offline.push(id));
    for (const [{ socket }, deviceId] of [
      [alice, "a"],
      [bob, "b"],
    ] as const) {
      await socket.emitWithAck("register-device", { deviceId, groups: ["g"] }).catch(() => {});
    }
    authorizer.grants[0]?.end(revoked);
    await eventually("offline", () => offline.length > 0);
    await pause(500);
    expect(alice.seen).toEqual(["connect", ["error", "not now"], "io server disconnect"]);
    alice.socket.connect();
    await eventually("back", () => alice.seen.at(-1) === "connect");
    expect([offline, bob.seen]).toEqual([["a"], ["connect"]]);
    for (const { socket } of [alice, bob]) socket.disconnect();
    await eventually("released", () => authorizer.grants.every(({ isReleased }) => isReleased));
  });
});

describe("PeerJS' protocol", () => {
  const path = (id: string, more: string) => `/peerjs/peerjs?key=peerjs&id=${id}&token=t${more}`;

  test("reports a denial to its client, and closes", async () => {
    await using server = startSignalingServer({ authorizer: restricted() });
    const client = await ScriptSocket.connect(server.wsUrl + path("a", ""));
    expect(await client.next()).toEqual({ type: "ERROR", payload: { msg: "not now" } });
    await eventually("closed", () => client.closed !== undefined);
    expect(client.closed).toEqual({ code: 4401, reason: "unauthorized" });
  });

  test("reports the end of a grant to its client, and closes; other peers do not reach the client meanwhile", async () => {
    const authorizer = restricted();
    await using server = startSignalingServer({ authorizer });
    const client = await ScriptSocket.connect(server.wsUrl + path("a", "&access_token=good"));
    expect(await client.next()).toEqual({ type: "OPEN" });
    authorizer.grants[0]?.end(revoked);
    expect(await client.next()).toEqual({ type: "ERROR", payload: { msg: "not now" } });
    const again = await ScriptSocket.connect(
      server.wsUrl + path("a", "&access_token=good").replace("token=t", "token=u"),
    );
    expect(await again.next()).toEqual({ type: "OPEN" });
    await eventually("closed", () => client.closed !== undefined);
    await again.close();
    await eventually("released", () => authorizer.grants.every(({ isReleased }) => isReleased));
  });
});

test("Cliffy: a token in the URL is accepted, a missing one is refused, and the end of a grant is reported", async () => {
  const authorizer = restricted();
  await using server = startSignalingServer({ authorizer });
  const [alice, bob] = [
    await ScriptSocket.connect(`${server.wsUrl}/?token=good`),
    await ScriptSocket.connect(server.wsUrl),
  ];
  alice.say({ type: "join", roomId: "room", peerId: "a" });
  expect(await alice.next()).toMatchObject({ type: "peers" });
  bob.say({ type: "join", roomId: "room", peerId: "b" });
  expect(await bob.next()).toEqual({ type: "error", message: "not now" });
  authorizer.grants[0]?.end(revoked);
  expect(await alice.next()).toEqual({ type: "error", message: "not now" });
  for (const client of [alice, bob]) await client.close();
});

test("OctateCode: /api/auth/token returns the token of another server, which is accepted in its room", async () => {
  const authorizer = restricted();
  await using server = startSignalingServer({ authorizer });
  const body = JSON.stringify({ userId: "ada", roomId: "room" });
  const ask = (headers: Record<string, string>) =>
    fetch(`${server.url}/api/auth/token`, { method: "POST", body, headers });
  expect((await ask({})).status).toBe(401);
  const { token } = Object(await (await ask({ authorization: "Bearer good" })).json());
  expect(token).toBe("good");
  const ada = await ScriptSocket.connect(server.wsUrl);
  const say = (type: string, data: unknown) => ada.say({ type, userId: "ada", roomId: "room", data, timestamp: 1 });
  say("auth", { token: "bad" });
  expect(await ada.next()).toMatchObject({ type: "error", data: { error: "Invalid or expired token" } });
  say("auth", { token });
  expect(await ada.next()).toMatchObject({ type: "auth" });
  say("create-room", {});
  expect(await ada.next()).toMatchObject({ type: "room-created" });
  authorizer.grants.at(-1)?.end(expired);
  expect(await ada.next()).toMatchObject({ type: "error", data: { error: "Token expired" } });
  await ada.close();
});
