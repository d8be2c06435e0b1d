import { describe, expect, test } from "bun:test";
import { SignedRoomTokens } from "../../../src/auth/signed-room-tokens.ts";
import { OctateRooms } from "../../../src/signaling/octatecode/rooms.ts";
import { octateCodeRoutes } from "../../../src/signaling/octatecode/routes.ts";
import { type DialectOptions, dialectParts } from "../../support/dialect-clients.ts";

function setUp(options: DialectOptions = {}) {
  const parts = dialectParts(options);
  const rooms = new OctateRooms(parts);
  const tokens = new SignedRoomTokens(parts.clock, 3_600_000);
  const usage = () => ({ uptimeMs: 7, memory: { heapUsed: 2 }, cpu: { user: 3 } });
  const app = octateCodeRoutes({ ...parts, rooms, tokens, usage });
  const post = (path: string, body: unknown) =>
    app.request(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });
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

test("health and stats tell counts, and no names", async () => {
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

test("a room is created once, is there for who joins it, and is forgotten when nobody does", async () => {
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

test.each(["/api/rooms", "/api/rooms/r", "/api/rooms/r/peers", "/api/rooms/unknown"])(
  "GET %s tells nobody anything",
  async (path) => {
    const { app, post } = setUp();
    await post("/api/rooms", { room_id: "r" });
    const response = await app.request(path);
    expect([response.status, await response.json()]).toEqual([403, { error: "Forbidden", timestamp }]);
  },
);
