import { isObject, type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";

/** How a client spells types: `join-room` or `JOIN_ROOM`. It is answered in the same spelling. */
export type Casing = "kebab" | "upper";

/** The member of `data` that holds the session description or candidate, for each type. */
const signals = { "sdp-offer": "offer", "sdp-answer": "answer", "ice-candidate": "candidate" } as const;
export type SignalType = keyof typeof signals;
/** A message that some clients send by way of the server instead of to each other. */
export type Broadcast = "chat" | "operation";

/** A message of an OctateCode client. Its sender and its room are known from the client's token. */
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
      readonly type: SignalType | Broadcast;
      readonly data: unknown;
      /** The receiver; undefined for the whole room. */
      readonly targetUserId: string | undefined;
    }
  | { readonly type: "unknown" };

/** The description of a room by its host. */
export interface RoomContent {
  readonly roomName: string | undefined;
  readonly fileId: string | undefined;
  readonly content: string | undefined;
  readonly version: number | undefined;
}

/** The members that every message of the server has. */
export interface Envelope {
  readonly type: string;
  readonly roomId: string;
  readonly userId: string;
  readonly data?: unknown;
  readonly timestamp: number;
}

const types: ReadonlySet<unknown> = new Set([
  ...["auth", "create-room", "join-room", "leave-room", "heartbeat", "chat", "operation"],
  ...Object.keys(signals),
]);

/** Whether a message is an OctateCode client's first one. A client that names itself in `from` speaks the second dialect. */
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
      return {
        type,
        // Some clients name their user and room inside `data`.
        userId: text(fields, "userId") ?? text(inside, "userId"),
        roomId: text(fields, "roomId") ?? text(inside, "roomId"),
        token: text(inside, "token"),
      };
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
    case "operation":
      return { type, data, targetUserId: text(fields, "targetUserId") };
    default:
      return { type: "unknown" };
  }
}

/** Encodes a message in the casing of its receiver. */
export function encode(envelope: Envelope, casing: Casing): string {
  const { type } = envelope;
  return JSON.stringify({ ...envelope, type: casing === "kebab" ? type : type.replaceAll("-", "_").toUpperCase() });
}

/**
 * A client's `data` as the other clients receive it. Some read a description where it was put, others one level deeper,
 * so it is put in both places.
 */
export function forwardedData(type: SignalType | Broadcast, data: unknown): unknown {
  if (type === "chat") return data;
  if (type === "operation") return { operation: data };
  const name = signals[type];
  const inside = isObject(data) ? data[name] : undefined;
  // A bare candidate has a member `candidate` of its own, a string.
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
