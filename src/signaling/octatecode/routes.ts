import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import type { Administration } from "../../auth/administration.ts";
import type { AccessRequest, Denial, Grant } from "../../auth/authorizer.ts";
import { isSameUser } from "../../auth/identifiers.ts";
import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { bearerToken } from "../../lib/bearer-token.ts";
import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import { httpStatusOf } from "../../rooms/denial.ts";
import { checkName } from "../../rooms/room-name.ts";
import type { HttpClient } from "../../transport/protocol.ts";
import { isObject, type JsonObject } from "../json-codec.ts";
import type { RoomFacts } from "./cluster/cluster-codec.ts";
import { endingText, otherUser } from "./denial-text.ts";
import type { OctateCodeLimits } from "./limits.ts";
import type { OctateCodeOptions } from "./session.ts";

/** The resource usage of this process, as OctateCode's clients display it. */
export interface Usage {
  readonly uptimeMs: number;
  readonly memory: unknown;
  readonly cpu: unknown;
}

type RoomNames = Pick<RoomFacts, "roomId" | "roomName" | "hostId" | "hostName">;

export interface RoutesOptions extends OctateCodeOptions {
  readonly usage: () => Usage;
  readonly addresses: CountedAddresses;
  readonly administration: Administration;
  readonly limits: OctateCodeOptions["limits"] & OctateCodeLimits;
}

/** OctateCode's HTTP routes. Room names are secrets, so only administrators may list or read rooms. */
export function octateCodeRoutes(options: RoutesOptions): Hono {
  const { addresses, administration, clock, limits, rooms, tokens, usage } = options;
  const app = new Hono();
  const paths = ["/api/auth/token", "/api/health", "/api/stats", "/api/rooms", "/api/rooms/*"];
  for (const path of paths) app.use(path, bodyLimit({ maxSize: limits.signalingFrameBytes }));
  const requests = new KeyedBuckets({
    get burst() {
      return limits.roomRequestBurst;
    },
    get perSecond() {
      return limits.roomRequestsPerSecond;
    },
    clock,
  });
  /** Each request may cost a signature, or a call of the application. */
  const limitRate = createMiddleware<{ Bindings: HttpClient }>(async (context, next) => {
    const key = addresses.keyOf(context.env.remoteAddress);
    if (key === undefined || requests.of(key).take()) return next();
    return context.json({ error: "Too many requests", timestamp: clock.now() }, 429, { "retry-after": "1" });
  });
  const isValidName = (value: unknown): value is string =>
    typeof value === "string" && checkName(value, limits.nameBytes) === undefined;

  /** Decides whether the caller may join a room, without joining it. */
  const decide = async (request: AccessRequest) => {
    const decision = await options.authorizer.authorize(request);
    if (decision.granted) decision.release();
    return decision;
  };
  const refuse = (context: Context, denial: Denial) =>
    context.json({ error: endingText(denial), timestamp: clock.now() }, httpStatusOf(denial));

  app.post("/api/auth/token", limitRate, async (context) => {
    const { userId, roomId } = await bodyOf(context);
    const timestamp = clock.now();
    if (!isValidName(userId) || !isValidName(roomId)) {
      return context.json({ error: "Missing required fields", required: ["userId", "roomId"], timestamp }, 400);
    }
    const message = "Use this token when connecting to WebSocket signaling server";
    const told = { status: "success", userId, roomId, message, timestamp };
    const uncached = { "cache-control": "no-store" };
    if (tokens !== undefined) {
      const token = await tokens.mint({ user: userId, room: roomId });
      return context.json({ ...told, token, expiresIn: "1 hour" }, 200, uncached);
    }
    const request = requestFor(roomId, context);
    const decision = await decide(request);
    if (!decision.granted) return refuse(context, decision);
    if (decision.user !== undefined && !isSameUser(decision.user, userId)) {
      return context.json({ error: otherUser, timestamp }, 403);
    }
    // The caller gets its own token back: another one would have to be revoked separately.
    return context.json({ ...told, token: request.token ?? "", ...lifeOf(decision, timestamp) }, 200, uncached);
  });

  app.get("/api/health", (context) => context.json({ status: "ok", timestamp: clock.now(), memory: usage().memory }));

  app.get("/api/stats", (context) => {
    const { uptimeMs, memory, cpu } = usage();
    const { size: activeRooms, members } = rooms;
    const server = { uptime: uptimeMs, activeRooms, totalConnections: members, connectedClients: members };
    return context.json({ server, memory, cpu, operations: { total: 0, perSecond: 0 }, timestamp: clock.now() });
  });

  app.post("/api/rooms", limitRate, async (context) => {
    const timestamp = clock.now();
    const named = namesIn(await bodyOf(context), isValidName);
    if (typeof named === "string") return context.json({ error: named, timestamp }, 400);
    const decision = tokens === undefined ? await decide(requestFor(named.roomId, context)) : undefined;
    if (decision?.granted === false) return refuse(context, decision);
    const absent = { fileId: undefined, content: undefined, version: undefined };
    const created = await rooms.exclusively(named.roomId, () =>
      rooms.createEmpty({ ...named, createdAt: timestamp, ...absent }),
    );
    if (created === "exists") return context.json({ error: "Room already exists", timestamp }, 409);
    if (created === "full") return context.json({ error: "Failed to create room", timestamp }, 503);
    return context.json({ message: "Room created", data: created.describe(), timestamp }, 201);
  });

  const mayAdminister = createMiddleware(async (context, next) => {
    if ((await administration.refuse(context.req.raw)) === undefined) return next();
    return context.json({ error: "Forbidden", timestamp: clock.now() }, 403);
  });
  const unknown = (context: Context) => context.json({ error: "Room not found", timestamp: clock.now() }, 404);

  app.get("/api/rooms", mayAdminister, (context) =>
    context.json({ data: Array.from(rooms, (room) => room.describe()), timestamp: clock.now() }),
  );
  app.get("/api/rooms/:id", mayAdminister, async (context) => {
    const room = await rooms.lookUp(context.req.param("id"));
    return room === undefined ? unknown(context) : context.json({ data: room.describe(), timestamp: clock.now() });
  });
  app.get("/api/rooms/:id/peers", mayAdminister, async (context) => {
    const room = await rooms.lookUp(context.req.param("id"));
    return room === undefined ? unknown(context) : context.json(room.describe().peers);
  });
  return app;
}

/** The access request of an HTTP caller for a room. */
function requestFor(room: string, { env, req }: Context): AccessRequest {
  const token = req.query("token") || bearerToken(req.header("authorization"));
  const { remoteAddress }: HttpClient = env;
  return { kind: "signaling", room, remoteAddress, origin: req.header("origin"), token, signal: req.raw.signal };
}

/** Reads the names of a new room and its host; returns an error text if they are missing or invalid. */
function namesIn(body: JsonObject, isValidName: (value: unknown) => value is string): RoomNames | string {
  const roomId = body["room_id"] ?? body["roomId"];
  const roomName = body["room_name"] ?? body["roomName"] ?? roomId;
  const hostId = body["host_id"] ?? body["hostId"] ?? "unknown";
  const hostName = body["host_name"] ?? body["hostName"] ?? "Host";
  if (!isValidName(roomId)) return "Missing room_id";
  if (!isValidName(roomName) || !isValidName(hostId) || !isValidName(hostName)) return "Failed to create room";
  return { roomId, roomName, hostId, hostName };
}

/** Returns the remaining lifetime of a grant in the form that clients get; empty if it is not known. */
function lifeOf({ expiresAt }: Grant, now: number): { readonly expiresIn?: string } {
  return expiresAt === undefined ? {} : { expiresIn: `${Math.floor((expiresAt - now) / 60_000)} minutes` };
}

async function bodyOf(context: Context): Promise<JsonObject> {
  try {
    const body: unknown = await context.req.json();
    return isObject(body) ? body : {};
  } catch {
    return {};
  }
}
