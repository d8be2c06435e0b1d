import { decodeJson, type JsonObject, malformed } from "../json-codec.ts";

const signalTypes = ["OFFER", "ANSWER", "CANDIDATE", "LEAVE"] as const;

type SignalType = (typeof signalTypes)[number];

/** A message for another client. The server does not read `payload`. */
export interface PeerJsSignal {
  readonly type: SignalType;
  readonly dst: string;
  readonly payload: unknown;
}

/** A message of a PeerJS 1.5 client. */
export type ClientMessage =
  | PeerJsSignal
  | { readonly type: "HEARTBEAT" }
  /** A LEAVE without a receiver. A client sends it before it closes its socket. */
  | { readonly type: "LEAVE-ALL" }
  /** A message of a type that this server does not know, or an empty frame. It is ignored. */
  | { readonly type: "unknown" };

/** The parameters of the URL with which a client connects. */
export interface ConnectParameters {
  readonly key: string;
  readonly id: string;
  /** The client's own secret: on a later connection it proves that the client had this id before. */
  readonly token: string;
}

export const open = JSON.stringify({ type: "OPEN" });

export const idTaken = JSON.stringify({ type: "ID-TAKEN", payload: { msg: "ID is taken" } });

/** More than the longest id takes, with every character escaped. */
const tailLength = 2_000;
const receiverPattern = /"dst":("(?:[^"\\]|\\.)*")\}$/;
const utf8 = new TextDecoder();

/** Reads the parameters; undefined if one is missing. */
export function decodeConnectParameters({ searchParams }: URL): ConnectParameters | undefined {
  const [key, id, token] = ["key", "id", "token"].map((name) => searchParams.get(name));
  return key && id && token ? { key, id, token } : undefined;
}

/** Reads a message from a text or a binary frame. Throws `SessionError` (malformed-frame). */
export function decode(frame: string | Uint8Array, jsonDepth: number): ClientMessage {
  if (frame.length === 0) return { type: "unknown" };
  const { fields } = decodeJson(frame, jsonDepth);
  const type = signalTypes.find((candidate) => candidate === fields["type"]);
  if (type !== undefined) return readSignal(type, fields);
  return { type: fields["type"] === "HEARTBEAT" ? "HEARTBEAT" : "unknown" };
}

/** Encodes a signal for its receiver, with the id of its sender. */
export function encodeSignal({ type, dst, payload }: PeerJsSignal, src: string): string {
  return JSON.stringify({ type, src, dst, payload });
}

/** A message that was not delivered. */
export interface Expiry {
  readonly src: string;
  readonly dst: string;
  /** Why it was refused; undefined when it has expired. */
  readonly msg?: string;
}

/** Tells the client `dst` that its message to `src` was not delivered. PeerJS' client reads no payload. */
export function encodeExpire({ src, dst, msg }: Expiry): string {
  return JSON.stringify({ type: "EXPIRE", src, dst, payload: msg === undefined ? undefined : { msg } });
}

/**
 * Finds the receiver of a message that is too large to be parsed; undefined if it is not found. PeerJS' client writes it
 * last.
 */
export function receiverOf(frame: string | Uint8Array): string | undefined {
  const tail = typeof frame === "string" ? frame.slice(-tailLength) : utf8.decode(frame.subarray(-tailLength));
  const dst = receiverPattern.exec(tail)?.[1];
  try {
    return dst && JSON.parse(dst);
  } catch {
    return undefined;
  }
}

export function encodeError(msg: string): string {
  return JSON.stringify({ type: "ERROR", payload: { msg } });
}

function readSignal(type: SignalType, { dst, payload }: JsonObject): ClientMessage {
  if (type === "LEAVE" && dst === undefined) return { type: "LEAVE-ALL" };
  if (typeof dst !== "string") throw malformed("dst is not a string");
  return { type, dst, payload };
}
