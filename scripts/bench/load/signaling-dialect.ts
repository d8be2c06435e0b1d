import type { Dialect } from "./dialect.ts";
import { opcodes } from "./frames.ts";

const encoder = new TextEncoder();
const json = (message: object): Uint8Array => encoder.encode(JSON.stringify(message));

/** Where the type's first two letters stand in `{"type":"publish",…`, as all servers write it. */
const typeOffset = '{"type":"'.length;
const [p, u, o] = [0x70, 0x75, 0x6f];

/** y-webrtc's signaling: a topic in place of the document, and an announcement in place of each update. */
export const signalingDialect: Dialect = {
  path: () => "/signal",
  opcode: opcodes.text,
  // The answer to the ping tells that the subscription has been seen.
  hello: (topic) => [json({ type: "subscribe", topics: [topic] }), json({ type: "ping" })],
  syncs: true,
  namesDocument: true,
  update: (topic, update) =>
    json({ type: "publish", topic, data: { type: "announce", from: update.toBase64().slice(0, 36).padEnd(36, "-") } }),
  mergesUpdates: false,
  updateOf: () => new Uint8Array(),
  awareness: () => new Uint8Array(),
  kindOf: (bytes, start) => {
    if (bytes[start + typeOffset] !== p) return "other";
    if (bytes[start + typeOffset + 1] === u) return "update";
    return bytes[start + typeOffset + 1] === o ? "synced" : "other";
  },
  awarenessOffset: () => 0,
  acknowledgement: undefined,
};

/** The same to a server whose topic is the path. */
export const bareSignalingDialect: Dialect = {
  ...signalingDialect,
  path: (topic) => `/${topic}`,
  hello: () => [],
  syncs: false,
};
