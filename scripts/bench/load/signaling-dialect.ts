import type { Dialect } from "./dialect.ts";
import { opcodes } from "./frames.ts";

const encoder = new TextEncoder();
const json = (message: object): Uint8Array => encoder.encode(JSON.stringify(message));

/** The offset of the type's first two letters in `{"type":"publish",…`, which every server writes in this form. */
const typeOffset = '{"type":"'.length;
const [p, u, o] = [0x70, 0x75, 0x6f];

/** y-webrtc's signaling: a topic takes the place of the document, and an announcement that of each update. */
export const signalingDialect: Dialect = {
  path: () => "/signal",
  opcode: opcodes.text,
  // The answer to the ping proves that the server has handled the subscription.
  hello: (topic) => [json({ type: "subscribe", topics: [topic] }), json({ type: "ping" })],
  syncs: true,
  namesDocument: true,
  // A publisher has one peer id. The part that makes an announcement unique has the length of an id and follows it.
  update: (topic, update) => {
    const from = topic.padEnd(36, "-");
    return json({ type: "publish", topic, data: { type: "announce", from, n: update.toBase64().slice(-8) } });
  },
  mergesUpdates: false,
  updateOffset: (_, start) => start,
  awareness: () => new Uint8Array(),
  kindOf: (bytes, start) => {
    if (bytes[start + typeOffset] !== p) return "other";
    if (bytes[start + typeOffset + 1] === u) return "update";
    return bytes[start + typeOffset + 1] === o ? "synced" : "other";
  },
  awarenessOffset: () => 0,
  acknowledgement: undefined,
};

/** The same messages for a server that takes the topic from the path. */
export const bareSignalingDialect: Dialect = {
  ...signalingDialect,
  path: (topic) => `/${topic}`,
  hello: () => [],
  syncs: false,
};
