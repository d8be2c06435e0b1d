import { Hono } from "hono";
import type { Administration } from "../../auth/administration.ts";
import { LimitedLog } from "../../ops/limited-log.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import type { JsonDialect } from "../dialects.ts";
import { isYWebrtc } from "./codec.ts";
import { type YWebrtcOptions, YWebrtcSession } from "./session.ts";
import type { Topic } from "./topic.ts";

export interface YWebrtcDialectOptions extends Omit<YWebrtcOptions, "limitedLog"> {
  readonly administration: Administration;
}

/** Signaling for y-webrtc 10: clients subscribe to topics and publish to them. */
export function yWebrtc(options: YWebrtcDialectOptions): JsonDialect {
  const shared = { ...options, limitedLog: new LimitedLog(options.log, options.clock) };
  return {
    name: "y-webrtc",
    recognises: isYWebrtc,
    routes: routes(options),
    open: (client) => new YWebrtcSession(client, shared),
  };
}

/** The counts in the status are as old as this at most: every client may ask for them, and they take a look at all topics. */
const countedMs = 1_000;

/** The HTTP answer of y-webrtc's own server, though not on `/`, where the demo is; and the status that canvas-chat reads. */
function routes({ administration, clock, rooms }: YWebrtcDialectOptions): Hono {
  let counted = { at: Number.NEGATIVE_INFINITY, connections: 0, topics: 0 };
  const counts = () => {
    const now = clock.elapsedMs();
    if (now - counted.at >= countedMs) counted = { at: now, ...countsOf(topicsIn(rooms)) };
    const { connections, topics } = counted;
    return { connections, topics };
  };
  return new Hono()
    .get("/signal", (context) => context.text("okay"))
    .get("/api/signaling/status", async (context) => {
      // Topic names are secrets: in open mode a client that knows one may join.
      const mayList = (await administration.refuse(context.req.raw)) === undefined;
      const sizes = mayList ? Object.fromEntries(topicsIn(rooms).map(([name, { size }]) => [name, size])) : {};
      return context.json({ status: "ok", ...counts(), topic_sizes: sizes });
    });
}

type Topics = readonly (readonly [name: string, topic: Topic])[];

/** The topics with subscribers. */
function topicsIn(rooms: RoomRegistry<Topic>): Topics {
  return [...rooms.entries()].filter(([, { size }]) => size > 0);
}

function countsOf(topics: Topics): { readonly connections: number; readonly topics: number } {
  const connections = new Set(topics.flatMap(([, topic]) => [...topic.connections]));
  return { connections: connections.size, topics: topics.length };
}
