import { isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";

/** How a client spells types: `join-room` or `JOIN_ROOM`. It is answered likewise. */
export type Casing = "kebab" | "upper";

/** Where a client's session description or candidate is, and what it is called there. */
const signals = { "sdp-offer": "offer", "sdp-answer": "answer", "ice-candidate": "candidate" } as const;
export type SignalType = keyof typeof signals;

/** What an OctateCode client says. Who says it, and to which room, its token has said. */
export type ClientMessage =
  | {
      readonly type: "auth";
      readonly userId: string | undefined;
      readonly roomId: string | undefined;
      readonly token: string | undefined;
    }
  | ({ readonly type: "create-room"; readonly userName: string | undefined } & RoomContent)
  | { readonly type: "join-room"; readonly userName: string | undefined }
  | { readonly type: "leave-room" }
  | { readonly type: "heartbeat" }
  | {
      readonly type: SignalType | "chat";
      readonly data: unknown;
      /** Whom alone it concerns; undefined for the whole room. */
      readonly targetUserId: string | undefined;
    }
  | { readonly type: "unknown" };

/** What the host of a room says of it. */
export interface RoomContent {
  readonly roomName: string | undefined;
  readonly fileId: string | undefined;
  readonly content: string | undefined;
  readonly version: number | undefined;
}

/** What every message is wrapped in. */
export interface Envelope {
  readonly type: string;
  readonly roomId: string;
  readonly userId: string;
  readonly data?: unknown;
  readonly timestamp: number;
}

const types: ReadonlySet<unknown> = new Set([
  ...["auth", "create-room", "join-room", "leave-room", "heartbeat", "chat"],
  ...Object.keys(signals),
]);

/** A client begins by saying who it is. One that names itself in `from` speaks the other dialect. */
export function isOctateCode({ type, from, userId }: JsonObject): boolean {
  return typeof type === "string" && types.has(kebab(type)) && (typeof from !== "string" || userId !== undefined);
}

export function casingOf({ fields: { type } }: JsonMessage): Casing {
  return typeof type === "string" && /[A-Z]/.test(type) ? "upper" : "kebab";
}

/** Throws `SessionError` (malformed-frame). */
export function decode({ fields }: JsonMessage): ClientMessage {
  const { type: spelled, data } = fields;
  const type = typeof spelled === "string" ? kebab(spelled) : undefined;
  const inside = isObject(data) ? data : {};
  switch (type) {
    case "auth":
      return { type, userId: text(fields, "userId"), roomId: text(fields, "roomId"), token: text(inside, "token") };
    case "create-room":
      return {
        type,
        userName: text(inside, "userName"),
        roomName: text(inside, "roomName"),
        fileId: text(inside, "fileId"),
        content: text(inside, "content"),
        version: number(inside, "version"),
      };
    case "join-room":
      return { type, userName: text(inside, "userName") };
    case "leave-room":
    case "heartbeat":
      return { type };
    case "sdp-offer":
    case "sdp-answer":
    case "ice-candidate":
    case "chat":
      return { type, data, targetUserId: text(fields, "targetUserId") };
    default:
      return { type: "unknown" };
  }
}

/** A message in the casing of its receiver. */
export function encode(envelope: Envelope, casing: Casing): string {
  const { type } = envelope;
  return JSON.stringify({ ...envelope, type: casing === "kebab" ? type : type.replaceAll("-", "_").toUpperCase() });
}

/**
 * What others get of a client's `data`. Clients read a description both where it was put and one level further in, so it
 * is in both places.
 */
export function forwardedData(type: SignalType | "chat", data: unknown): unknown {
  if (type === "chat") return data;
  const name = signals[type];
  const inside = isObject(data) ? data[name] : undefined;
  // A candidate has a member `candidate` of its own, which is text.
  const signal = isObject(inside) ? inside : data;
  return { [name]: isObject(signal) ? { ...signal, [name]: signal } : { [name]: signal } };
}

function kebab(type: string): string {
  return type.toLowerCase().replaceAll("_", "-");
}

function text(fields: JsonObject, member: string): string | undefined {
  const value = fields[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw malformed(`${member} is not a string`);
  return value;
}

function number(fields: JsonObject, member: string): number | undefined {
  const value = fields[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw malformed(`${member} is not a number`);
  return value;
}
