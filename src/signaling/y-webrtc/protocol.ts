import { Hono } from "hono";
import type { Protocol } from "../../transport/protocol.ts";
import { type YWebrtcOptions, YWebrtcSession } from "./session.ts";

/** Signaling for y-webrtc 10: topics, and what is published to them, as JSON. */
export function yWebrtc(options: YWebrtcOptions): Protocol {
  return {
    name: "y-webrtc",
    frameBytes: options.limits.signalingFrameBytes,
    // lib0's WebsocketClient forgets its backoff at each open, so it reconnects at once when it is accepted and then
    // closed: 1,600 times in 3 s. Muted, it gives up by itself after 30 s to 45 s without an answer to its pings.
    closeDelayMs: 60_000,
    match: (url) => url.pathname === "/" || url.pathname === "/signal",
    // What y-webrtc's own server answers to plain HTTP; on `/` a browser finds more than that.
    routes: new Hono().get("/signal", (context) => context.text("okay")),
    open: (connection, handshake) => new YWebrtcSession(connection, handshake, options),
  };
}
