import { BoundExceeded, isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";

/** What a y-webrtc 10 client says. */
export type ClientMessage =
  | { readonly type: "subscribe" | "unsubscribe"; readonly topics: readonly string[] }
  | {
      readonly type: "publish";
      readonly topic: string;
      /** The peer ids in what is published: who says it, and whom alone it concerns. Unknown when it is encrypted. */
      readonly from: string | undefined;
      readonly to: string | undefined;
      /** Whether it says that somebody is there, for others to call. */
      readonly isAnnouncement: boolean;
    }
  | { readonly type: "ping" }
  /** Of a type that this server does not know, and that it ignores. */
  | { readonly type: "unknown" };

const types: ReadonlySet<unknown> = new Set(["subscribe", "unsubscribe", "publish", "ping"]);

/** Base64 of what y-webrtc 10.3.0 encrypts begins with this: the method's name, `AES-GCM`, and the length of the nonce, 12. */
const encryptionMark = "B0FFUy1HQ00M";
/** Of the base64 of mark, nonce, and an announcement with a UUID and its authentication tag: 98 bytes. */
const encryptedAnnouncementLength = 132;

export const pong = JSON.stringify({ type: "pong" });

export function isYWebrtc({ type }: JsonObject): boolean {
  return types.has(type);
}

/** Throws `SessionError` (malformed-frame). */
export function decode({ fields }: JsonMessage, topicsPerFrame: number): ClientMessage {
  const { type, topics, topic, data } = fields;
  switch (type) {
    case "subscribe":
    case "unsubscribe":
      return { type, topics: readTopics(topics, topicsPerFrame) };
    case "publish": {
      if (typeof topic !== "string") throw malformed("the topic is not a string");
      const { from, to } = isObject(data) ? data : {};
      return { type, topic, from: textOf(from), to: textOf(to), isAnnouncement: isAnnouncement(data) };
    }
    case "ping":
      return { type };
    default:
      return { type: "unknown" };
  }
}

/** The message as its receivers get it: as it came, but for `clients`, the number of the topic's subscribers. */
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
    throw new BoundExceeded("topics-per-frame", `more than ${topicsPerFrame} topics in one frame`);
  }
  return topics;
}

/** An encrypted one shows by its length: all peer ids are equally long, and nothing else that a client says is as short. */
function isAnnouncement(data: unknown): boolean {
  if (typeof data === "string") return data.length === encryptedAnnouncementLength && data.startsWith(encryptionMark);
  return isObject(data) && data["type"] === "announce" && typeof data["from"] === "string" && data["to"] === undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
