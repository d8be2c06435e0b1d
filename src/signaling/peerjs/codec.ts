import { decodeJson, type JsonObject, malformed } from "../json-codec.ts";

const signalTypes = ["OFFER", "ANSWER", "CANDIDATE", "LEAVE"] as const;

type SignalType = (typeof signalTypes)[number];

/** A message for another client; `payload` is theirs alone. */
export interface Signal {
  readonly type: SignalType;
  readonly dst: string;
  readonly payload: unknown;
}

/** What a PeerJS 1.5 client says. */
export type ClientMessage =
  | Signal
  | { readonly type: "HEARTBEAT" }
  /** Of a type that this server does not know, or for nobody: ignored. */
  | { readonly type: "unknown" };

/** What a client says of itself when it connects. */
export interface ConnectParameters {
  readonly key: string;
  readonly id: string;
  /** Proves, when it comes again, that it is the client that had this id before. */
  readonly token: string;
}

export const open = JSON.stringify({ type: "OPEN" });

export const idTaken = JSON.stringify({ type: "ID-TAKEN", payload: { msg: "ID is taken" } });

/** Undefined if a part of it is missing. */
export function decodeConnectParameters({ searchParams }: URL): ConnectParameters | undefined {
  const [key, id, token] = ["key", "id", "token"].map((name) => searchParams.get(name));
  return key && id && token ? { key, id, token } : undefined;
}

/** Reads a message from a text or a binary frame. Throws `SessionError` (malformed-frame). */
export function decode(frame: string | Uint8Array, jsonDepth: number): ClientMessage {
  const { fields } = decodeJson(frame, jsonDepth);
  const type = signalTypes.find((candidate) => candidate === fields["type"]);
  if (type !== undefined) return readSignal(type, fields);
  return { type: fields["type"] === "HEARTBEAT" ? "HEARTBEAT" : "unknown" };
}

/** A signal as its receiver gets it. */
export function encodeSignal({ type, dst, payload }: Signal, src: string): string {
  return JSON.stringify({ type, src, dst, payload });
}

/** Tells `dst` that `src`, to whom it has spoken, has not come. */
export function encodeExpire({ src, dst }: { readonly src: string; readonly dst: string }): string {
  return JSON.stringify({ type: "EXPIRE", src, dst });
}

export function encodeError(msg: string): string {
  return JSON.stringify({ type: "ERROR", payload: { msg } });
}

function readSignal(type: SignalType, { dst, payload }: JsonObject): ClientMessage {
  // A client that only takes its leave names nobody.
  if (type === "LEAVE" && dst === undefined) return { type: "unknown" };
  if (typeof dst !== "string") throw malformed("dst is not a string");
  return { type, dst, payload };
}
