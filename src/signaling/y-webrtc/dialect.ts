import { Hono } from "hono";
import type { JsonDialect } from "../dialects.ts";
import { isYWebrtc } from "./codec.ts";
import { type YWebrtcOptions, YWebrtcSession } from "./session.ts";

/** Signaling for y-webrtc 10: topics, and what is published to them. */
export function yWebrtc(options: YWebrtcOptions): JsonDialect {
  return {
    name: "y-webrtc",
    recognises: isYWebrtc,
    routes: routes(options),
    open: (client) => new YWebrtcSession(client, options),
  };
}

/** What y-webrtc's own server answers to plain HTTP, on `/` a browser finds more than that; and what canvas-chat asks. */
function routes({ rooms }: YWebrtcOptions): Hono {
  return new Hono()
    .get("/signal", (context) => context.text("okay"))
    .get("/api/signaling/status", (context) => {
      const topics = [...rooms].filter(({ size }) => size > 0);
      const connections = new Set(topics.flatMap((topic) => [...topic.connections])).size;
      // Names are secrets: whoever knows one may enter.
      return context.json({ status: "ok", connections, topics: topics.length, topic_sizes: {} });
    });
}
