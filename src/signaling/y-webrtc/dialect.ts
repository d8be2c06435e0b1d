import { Hono } from "hono";
import type { JsonDialect } from "../dialects.ts";
import { isYWebrtc } from "./codec.ts";
import { type YWebrtcOptions, YWebrtcSession } from "./session.ts";

/** Signaling for y-webrtc 10: topics, and what is published to them. */
export function yWebrtc(options: YWebrtcOptions): JsonDialect {
  return {
    name: "y-webrtc",
    recognises: isYWebrtc,
    // What y-webrtc's own server answers to plain HTTP; on `/` a browser finds more than that.
    routes: new Hono().get("/signal", (context) => context.text("okay")),
    open: (client) => new YWebrtcSession(client, options),
  };
}
