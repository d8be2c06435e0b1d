import { type JsonMessage, type JsonObject, malformed } from "../json-codec.ts";

/** What a Cliffy client says. Whom it comes from is known without its saying so. */
export type ClientMessage =
  | {
      readonly type: "join";
      readonly roomId: string;
      readonly peerId: string;
      readonly peerName: string | undefined;
    }
  | { readonly type: "leave"; readonly roomId: string }
  | Signal
  /** Of a type that this server does not know, and that it ignores. */
  | { readonly type: "unknown" };

export type Signal =
  | { readonly type: "offer" | "answer"; readonly toPeerId: string; readonly sdp: string }
  | { readonly type: "ice-candidate"; readonly toPeerId: string; readonly candidate: string };

export type ServerMessage =
  | { readonly type: "peers"; readonly roomId: string; readonly peers: readonly PeerInfo[] }
  | {
      readonly type: "peer-joined";
      readonly roomId: string;
      readonly peerId: string;
      readonly peerName: string | undefined;
    }
  | { readonly type: "peer-left"; readonly roomId: string; readonly peerId: string }
  | { readonly type: "error"; readonly message: string };

export interface PeerInfo {
  readonly id: string;
  readonly name: string | undefined;
}

/** A client begins with a join. */
export function isCliffy({ type, peerId }: JsonObject): boolean {
  return type === "join" && typeof peerId === "string";
}

/** Throws `SessionError` (malformed-frame). */
export function decode({ fields }: JsonMessage): ClientMessage {
  const { type } = fields;
  switch (type) {
    case "join":
      return { type, roomId: text(fields, "roomId"), peerId: text(fields, "peerId"), peerName: peerName(fields) };
    case "leave":
      return { type, roomId: text(fields, "roomId") };
    case "offer":
    case "answer":
      return { type, toPeerId: text(fields, "toPeerId"), sdp: text(fields, "sdp") };
    case "ice-candidate":
      return { type, toPeerId: text(fields, "toPeerId"), candidate: text(fields, "candidate") };
    default:
      return { type: "unknown" };
  }
}

export function encode(message: ServerMessage): string {
  return JSON.stringify(message);
}

/** With the members of the wire format and no others. */
export function encodeSignal(signal: Signal, fromPeerId: string): string {
  const { type, toPeerId, ...rest } = signal;
  return JSON.stringify({ type, fromPeerId, toPeerId, ...rest });
}

function peerName(fields: JsonObject): string | undefined {
  // Some clients write that they have no name.
  return fields["peerName"] === undefined || fields["peerName"] === null ? undefined : text(fields, "peerName");
}

function text(fields: JsonObject, member: string): string {
  const value = fields[member];
  if (typeof value !== "string") throw malformed(`${member} is not a string`);
  return value;
}
