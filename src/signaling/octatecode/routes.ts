import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { checkRoomName } from "../../rooms/room-name.ts";
import { isObject, type JsonObject } from "../json-codec.ts";
import type { OctateCodeOptions } from "./session.ts";

/** What this process uses, as OctateCode's clients show it. */
export interface Usage {
  readonly uptimeMs: number;
  readonly memory: unknown;
  readonly cpu: unknown;
}

export interface RoutesOptions extends OctateCodeOptions {
  readonly usage: () => Usage;
}

/** OctateCode's HTTP. Rooms are secrets: who asks for one by HTTP is nobody who may know of it. */
export function octateCodeRoutes(options: RoutesOptions): Hono {
  const { clock, limits, rooms, tokens, usage } = options;
  const app = new Hono();
  const paths = ["/api/auth/token", "/api/health", "/api/stats", "/api/rooms", "/api/rooms/*"];
  for (const path of paths) app.use(path, bodyLimit({ maxSize: limits.signalingFrameBytes }));
  const isName = (value: unknown): value is string =>
    typeof value === "string" && checkRoomName(value, limits.nameBytes) === undefined;

  app.post("/api/auth/token", async (context) => {
    const { userId, roomId } = await bodyOf(context);
    const timestamp = clock.now();
    if (!isName(userId) || !isName(roomId)) {
      return context.json({ error: "Missing required fields", required: ["userId", "roomId"], timestamp }, 400);
    }
    const token = await tokens.mint({ user: userId, room: roomId });
    const message = "Use this token when connecting to WebSocket signaling server";
    const minted = { status: "success", token, userId, roomId, expiresIn: "1 hour", message, timestamp };
    return context.json(minted, 200, { "cache-control": "no-store" });
  });

  app.get("/api/health", (context) => context.json({ status: "ok", timestamp: clock.now(), memory: usage().memory }));

  app.get("/api/stats", (context) => {
    const { uptimeMs, memory, cpu } = usage();
    const { size: activeRooms, members } = rooms;
    const server = { uptime: uptimeMs, activeRooms, totalConnections: members, connectedClients: members };
    return context.json({ server, memory, cpu, operations: { total: 0, perSecond: 0 }, timestamp: clock.now() });
  });

  app.post("/api/rooms", async (context) => {
    const body = await bodyOf(context);
    const timestamp = clock.now();
    const roomId = body["room_id"] ?? body["roomId"];
    const roomName = body["room_name"] ?? body["roomName"] ?? roomId;
    const hostId = body["host_id"] ?? body["hostId"] ?? "unknown";
    const hostName = body["host_name"] ?? body["hostName"] ?? "Host";
    if (!isName(roomId)) return context.json({ error: "Missing room_id", timestamp }, 400);
    if (!isName(roomName) || !isName(hostId) || !isName(hostName)) {
      return context.json({ error: "Failed to create room", timestamp }, 400);
    }
    const absent = { fileId: undefined, content: undefined, version: undefined };
    const created = rooms.createEmpty({ roomId, roomName, hostId, hostName, createdAt: timestamp, ...absent });
    if (created === "exists") return context.json({ error: "Room already exists", timestamp }, 409);
    if (created === "full") return context.json({ error: "Failed to create room", timestamp }, 503);
    return context.json({ message: "Room created", data: created.describe(), timestamp }, 201);
  });

  for (const path of ["/api/rooms", "/api/rooms/:id", "/api/rooms/:id/peers"]) {
    app.get(path, (context) => context.json({ error: "Forbidden", timestamp: clock.now() }, 403));
  }
  return app;
}

async function bodyOf(context: Context): Promise<JsonObject> {
  try {
    const body: unknown = await context.req.json();
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}
