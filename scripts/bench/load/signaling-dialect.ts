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
  // A publisher has one peer id; what tells one announcement from the next is as long as an id and stands beside it.
  update: (topic, update) => {
    const from = topic.padEnd(36, "-");
    return json({ type: "publish", topic, data: { type: "announce", from, n: update.toBase64().slice(-8) } });
  },
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
