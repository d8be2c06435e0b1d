import { BoundExceeded, isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";

/** A message that a y-webrtc 10 client publishes to a topic. */
export interface Publish {
  readonly type: "publish";
  readonly topic: string;
  /** The peer ids of the sender and the only receiver in the data; undefined where it has none, or is encrypted. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Whether it announces a peer, for other peers to call. */
  readonly isAnnouncement: boolean;
  /** The whole message, which is forwarded. */
  readonly received: JsonMessage;
}

/** A message of a y-webrtc 10 client. */
export type ClientMessage =
  | { readonly type: "subscribe" | "unsubscribe"; readonly topics: readonly string[] }
  | Publish
  | { readonly type: "ping" }
  /** A message of a type that this server does not know, and ignores. */
  | { readonly type: "unknown" };

const types: ReadonlySet<unknown> = new Set(["subscribe", "unsubscribe", "publish", "ping"]);

/** The base64 of every message that y-webrtc 10.3.0 encrypts begins so: `AES-GCM` and the length of the nonce, 12. */
const encryptionMark = "B0FFUy1HQ00M";
/** The length of the base64 of 98 bytes: mark, nonce, an announcement with a UUID, and the authentication tag. */
const encryptedAnnouncementLength = 132;

export const pong = JSON.stringify({ type: "pong" });

export function isYWebrtc({ type }: JsonObject): boolean {
  return types.has(type);
}

/** Throws `SessionError` (malformed-frame). */
export function decode(received: JsonMessage, topicsPerFrame: number): ClientMessage {
  const { type, topics, topic, data } = received.fields;
  switch (type) {
    case "subscribe":
    case "unsubscribe":
      return { type, topics: readTopics(topics, topicsPerFrame) };
    case "publish": {
      if (typeof topic !== "string") throw malformed("the topic is not a string");
      const { from, to } = isObject(data) ? data : {};
      return { type, topic, from: textOf(from), to: textOf(to), isAnnouncement: isAnnouncement(data), received };
    }
    case "ping":
      return { type };
    default:
      return { type: "unknown" };
  }
}

/** Encodes a message for its receivers: unchanged, but with `clients`, the number of the topic's subscribers. */
export function encodePublished({ text, fields }: JsonMessage, clients: number): string {
  if (Object.hasOwn(fields, "clients")) return JSON.stringify({ ...fields, clients });
  return `${text.slice(0, text.lastIndexOf("}"))},"clients":${clients}}`;
}

function readTopics(topics: unknown, topicsPerFrame: number): readonly string[] {
  if (topics === undefined) return [];
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === "string")) {
    throw malformed("the topics are not a list of strings");
  }
  if (topics.length > topicsPerFrame) {
    throw new BoundExceeded("topics-per-frame", `limits.topics-per-frame: more than ${topicsPerFrame}`);
  }
  return topics;
}

/** An encrypted announcement is known by its length: all peer ids are equally long, and all other messages are longer. */
function isAnnouncement(data: unknown): boolean {
  if (typeof data === "string") return data.length === encryptedAnnouncementLength && data.startsWith(encryptionMark);
  return isObject(data) && data["type"] === "announce" && typeof data["from"] === "string" && data["to"] === undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
