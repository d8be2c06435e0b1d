import { describe, expect, test } from "bun:test";
import type { AccessRequest, Denial, Grant } from "../../../src/auth/authorizer.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import { octateCodeRoutes } from "../../../src/signaling/octatecode/routes.ts";
import { SignedRoomTokens } from "../../../src/signaling/octatecode/signed-room-tokens.ts";
import { asAdministrator } from "../../support/clients/http-callers.ts";
import { authorizerThat } from "../../support/fakes/fake-authorizer.ts";
import { FakeGrant } from "../../support/fakes/fake-grant.ts";
import { denialOf, expired } from "../../support/fakes/held-authorizer.ts";
import { type DialectOptions, dialectParts } from "../../support/servers/dialect-clients.ts";

function setUp(options: DialectOptions & { readonly isRestricted?: true } = {}) {
  const parts = dialectParts(options);
  const rooms = new OctateRooms(parts);
  const tokens = new SignedRoomTokens(parts.clock, 3_600_000);
  const usage = () => ({ uptimeMs: 7, memory: { heapUsed: 2 }, cpu: { user: 3 } });
  const used = options.isRestricted === true ? undefined : tokens;
  const app = octateCodeRoutes({ ...parts, rooms, tokens: used, usage });
  const post = (path: string, body: unknown, headers = {}) =>
    app.request(
      path,
      { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) },
      { remoteAddress: "192.0.2.1" },
    );
  return { ...parts, app, rooms, tokens, post };
}

const timestamp = expect.any(Number);

describe("POST /api/auth/token", () => {
  test("mints a token for the user and the room", async () => {
    const { post, tokens } = setUp();
    const response = await post("/api/auth/token", { userId: "ada", roomId: "room" });
    const body: unknown = await response.json();
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(body).toEqual({
      status: "success",
      token: expect.any(String),
      userId: "ada",
      roomId: "room",
      expiresIn: "1 hour",
      message: expect.any(String),
      timestamp,
    });
    const { token } = body as { readonly token: string };
    expect(await tokens.verify(token)).toEqual({ user: "ada", room: "room" });
  });

  test("takes a user however its letters are encoded", async () => {
    const authorizer = authorizerThat(async () => new FakeGrant("read", { user: "Zo\u00eb" }));
    const { post } = setUp({ authorizer, isRestricted: true });
    const statuses = ["Zoe\u0308", "Zo\u00eb", "Zoe"].map(
      async (userId) => (await post("/api/auth/token", { userId, roomId: "room" })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 200, 403]);
  });

  test("is limited for each address, together with new rooms", async () => {
    const { post, clock } = setUp({ limits: { roomRequestBurst: 2, roomRequestsPerSecond: 1 } });
    const ask = async () => (await post("/api/auth/token", { userId: "ada", roomId: "room" })).status;
    expect([await ask(), (await post("/api/rooms", {})).status, await ask()]).toEqual([200, 400, 429]);
    clock.advance(1_000);
    expect(await ask()).toBe(200);
  });

  test.each([{}, { userId: "ada" }, { userId: "", roomId: "room" }, { userId: 5, roomId: "room" }, [], "garbage", ""])(
    "asks for what is missing: %j",
    async (body) => {
      const response = await setUp().post("/api/auth/token", body);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: "Missing required fields",
        required: ["userId", "roomId"],
        timestamp,
      });
    },
  );

  test("takes no more than a frame", async () => {
    const { post } = setUp({ limits: { signalingFrameBytes: 100 } });
    const room = (length: number) => JSON.stringify({ userId: "ada", roomId: "r" }).padEnd(length);
    expect((await post("/api/auth/token", room(100))).status).toBe(200);
    expect((await post("/api/auth/token", room(101))).status).toBe(413);
  });
});

test("health and stats show counts, and no names", async () => {
  const { app, post, clock } = setUp();
  await post("/api/rooms", { room_id: "secret", host_id: "ada" });
  expect(await (await app.request("/api/health")).json()).toEqual({
    status: "ok",
    timestamp: clock.now(),
    memory: { heapUsed: 2 },
  });
  const stats = await (await app.request("/api/stats")).json();
  expect(stats).toEqual({
    server: { uptime: 7, activeRooms: 1, totalConnections: 0, connectedClients: 0 },
    memory: { heapUsed: 2 },
    cpu: { user: 3 },
    operations: { total: 0, perSecond: 0 },
    timestamp: clock.now(),
  });
  expect(JSON.stringify(stats)).not.toContain("secret");
});

test("a room is created once, can be joined, and is dropped when no client joins it", async () => {
  const { post, rooms, clock } = setUp();
  const response = await post("/api/rooms", { room_id: "r", room_name: "Room", host_id: "ada" });
  expect(response.status).toBe(201);
  expect(await response.json()).toMatchObject({
    message: "Room created",
    data: { roomId: "r", roomName: "Room", hostId: "ada", peerCount: 0, peers: [] },
  });
  const again = await post("/api/rooms", { roomId: "r" });
  expect([again.status, await again.json()]).toEqual([409, { error: "Room already exists", timestamp }]);
  expect((await post("/api/rooms", {})).status).toBe(400);
  expect((await post("/api/rooms", { room_id: "x".repeat(257) })).status).toBe(400);
  clock.advance(600_000);
  expect(rooms.size).toBe(0);
});

test("there are no more empty rooms than their limit", async () => {
  const { post } = setUp({ limits: { emptyRooms: 2 } });
  const statuses = [];
  for (const room_id of ["a", "b", "c"]) statuses.push((await post("/api/rooms", { room_id })).status);
  expect(statuses).toEqual([201, 201, 503]);
});

test.each(["/api/rooms", "/api/rooms/r", "/api/rooms/r/peers", "/api/rooms/unknown", "/api/rooms/unknown/peers"])(
  "GET %s answers administrators only",
  async (path) => {
    const { app, post } = setUp();
    await post("/api/rooms", { room_id: "r" });
    const response = await app.request(path);
    expect([response.status, await response.json()]).toEqual([403, { error: "Forbidden", timestamp }]);
    const told = await app.request(path, { headers: asAdministrator });
    expect(told.status).toBe(path.includes("unknown") ? 404 : 200);
  },
);

test("administrators get the rooms as clients are shown them", async () => {
  const { app, post, rooms } = setUp();
  await post("/api/rooms", { room_id: "r", room_name: "Room" });
  const ask = async (path: string) => (await app.request(path, { headers: asAdministrator })).json();
  const room = { roomId: "r", roomName: "Room", peerCount: 0 };
  expect(await ask("/api/rooms")).toMatchObject({ data: [room], timestamp });
  expect(await ask("/api/rooms/r")).toMatchObject({ data: room, timestamp });
  expect(await ask("/api/rooms/r/peers")).toEqual(rooms.find("r")?.describe().peers);
  expect(await ask("/api/rooms/r2")).toEqual({ error: "Room not found", timestamp });
});

describe("where the authorizer decides", () => {
  const restricted = (decision: Grant | Denial) => {
    const requests: AccessRequest[] = [];
    const authorizer = authorizerThat(async (request) => {
      requests.push(request);
      return decision;
    });
    return { ...setUp({ authorizer, isRestricted: true }), requests };
  };
  const claim = { userId: "ada", roomId: "room" };

  test.each([
    ["in Authorization", "/api/auth/token", { authorization: "Bearer mine" }],
    ["in the URL", "/api/auth/token?token=mine", {}],
  ])("a token %s that enters the room is given back, and none is minted", async (_, path, headers) => {
    const grant = new FakeGrant("read", { user: "ada", expiresAt: 1_700_000_600_000 });
    const { post, requests } = restricted(grant);
    const response = await post(path, claim, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      status: "success",
      token: "mine",
      ...claim,
      expiresIn: "10 minutes",
      message: expect.any(String),
      timestamp,
    });
    expect(requests).toMatchObject([{ kind: "signaling", room: "room", token: "mine", remoteAddress: "192.0.2.1" }]);
    expect(grant.isReleased).toBe(true);
  });

  test("a token without a known end is answered without a lifetime", async () => {
    const { post } = restricted(new FakeGrant("read"));
    const response = await post("/api/auth/token?token=mine", claim);
    expect(Object.keys(Object(await response.json()))).not.toContain("expiresIn");
  });

  test.each([
    [denialOf("unauthorized"), 401, "not now"],
    [expired, 401, "Token expired"],
    [denialOf("forbidden"), 403, "not now"],
    [denialOf("unavailable"), 503, "not now"],
  ] as const)("%j is answered with its status, for a token and for a new room", async (denial, status, error) => {
    const { post, rooms } = restricted(denial);
    for (const response of [await post("/api/auth/token", claim), await post("/api/rooms", { room_id: "room" })]) {
      expect([response.status, await response.json()]).toEqual([status, { error, timestamp }]);
    }
    expect(rooms.size).toBe(0);
  });

  test("another user's token is not given back", async () => {
    const grant = new FakeGrant("read", { user: "bob" });
    const response = await restricted(grant).post("/api/auth/token?token=bobs", claim);
    expect([response.status, await response.json()]).toEqual([403, { error: "User ID mismatch", timestamp }]);
    expect(grant.isReleased).toBe(true);
  });

  test("a room is created by a caller that may join it, and its existence is not told to others", async () => {
    const grant = new FakeGrant("read");
    const { post, rooms } = restricted(grant);
    const statuses = [];
    for (let attempt = 0; attempt < 2; attempt += 1) {
      statuses.push((await post("/api/rooms?token=mine", { room_id: "room" })).status);
    }
    expect([statuses, rooms.size, grant.isReleased]).toEqual([[201, 409], 1, true]);
  });
});
