import { closeReasons, SessionError } from "../../transport/close-reason.ts";

/** What a y-webrtc 10 client says. */
export type ClientMessage =
  | { readonly type: "subscribe" | "unsubscribe"; readonly topics: readonly string[] }
  | { readonly type: "publish"; readonly topic: string; readonly published: JsonObject }
  | { readonly type: "ping" }
  /** Of a type that this server does not know, and that it ignores. */
  | { readonly type: "unknown" };

export interface FrameLimits {
  readonly jsonDepth: number;
  readonly topicsPerFrame: number;
}

type JsonObject = Readonly<Record<string, unknown>>;

export const pong = JSON.stringify({ type: "pong" });

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a JSON message from a text or a binary frame. Throws `SessionError` (malformed-frame). */
export function decode(frame: string | Uint8Array, limits: FrameLimits): ClientMessage {
  const message = parseObject(frame);
  if (!isNestedWithin(limits.jsonDepth, message)) throw malformed(`nested deeper than ${limits.jsonDepth}`);
  const { type, topics, topic } = message;
  switch (type) {
    case "subscribe":
    case "unsubscribe":
      return { type, topics: readTopics(topics, limits.topicsPerFrame) };
    case "publish":
      if (typeof topic !== "string") throw malformed("the topic is not a string");
      return { type, topic, published: message };
    case "ping":
      return { type };
    default:
      return { type: "unknown" };
  }
}

/** The published message as its receivers get it: unchanged but for `clients`, the number of the topic's subscribers. */
export function encodePublished(published: JsonObject, clients: number): string {
  return JSON.stringify({ ...published, clients });
}

function parseObject(frame: string | Uint8Array): JsonObject {
  const parsed = parse(frame);
  if (!isObject(parsed)) throw malformed("not a JSON object");
  return parsed;
}

function parse(frame: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof frame === "string" ? frame : utf8.decode(frame));
  } catch {
    throw malformed("not JSON");
  }
}

function readTopics(topics: unknown, topicsPerFrame: number): readonly string[] {
  if (topics === undefined) return [];
  if (!Array.isArray(topics) || !topics.every((topic) => typeof topic === "string")) {
    throw malformed("the topics are not a list of strings");
  }
  if (topics.length > topicsPerFrame) throw malformed(`more than ${topicsPerFrame} topics in one frame`);
  return topics;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNestedWithin(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(levels - 1, member));
}

function malformed(detail: string): SessionError {
  return new SessionError(closeReasons.malformedFrame, detail);
}
