import { Hono } from "hono";
import type { Administration } from "../../auth/administration.ts";
import type { JsonDialect } from "../dialects.ts";
import { isYWebrtc } from "./codec.ts";
import { type YWebrtcOptions, YWebrtcSession } from "./session.ts";

export interface YWebrtcDialectOptions extends YWebrtcOptions {
  readonly administration: Administration;
}

/** Signaling for y-webrtc 10: clients subscribe to topics and publish to them. */
export function yWebrtc(options: YWebrtcDialectOptions): JsonDialect {
  return {
    name: "y-webrtc",
    recognises: isYWebrtc,
    routes: routes(options),
    open: (client) => new YWebrtcSession(client, options),
  };
}

/** The HTTP answer of y-webrtc's own server, though not on `/`, where the demo is; and the status that canvas-chat reads. */
function routes({ administration, rooms }: YWebrtcDialectOptions): Hono {
  return new Hono()
    .get("/signal", (context) => context.text("okay"))
    .get("/api/signaling/status", async (context) => {
      // Topic names are secrets: in open mode a client that knows one may join.
      const mayList = (await administration.refuse(context.req.raw)) === undefined;
      const topics = [...rooms.entries()].filter(([, { size }]) => size > 0);
      const connections = new Set(topics.flatMap(([, topic]) => [...topic.connections])).size;
      const sizes = mayList ? Object.fromEntries(topics.map(([name, { size }]) => [name, size])) : {};
      return context.json({ status: "ok", connections, topics: topics.length, topic_sizes: sizes });
    });
}
