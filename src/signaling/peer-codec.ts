import type { JsonMessage, JsonObject } from "./json-codec.ts";

/** The description of a peer that the other peers of its room get. */
export interface PeerInfo {
  readonly id: string;
  readonly name: string | undefined;
}

/** A peer asks to join a room under an id that it chooses. */
export interface PeerJoin extends PeerInfo {
  readonly type: "join";
  readonly roomId: string;
}

/** A message for other peers of the room. Its sender is known from the connection. */
export interface PeerSignal {
  readonly type: "signal";
  /** The type in the wire format, as of an offer, an answer, a candidate or a chat message. */
  readonly kind: string;
  /** The receiver; undefined for the whole room. */
  readonly to: string | undefined;
  /** The members of the wire format that are forwarded unchanged. */
  readonly content: JsonObject;
}

/** A message of a peer, decoded from the wire format of its dialect. */
export type PeerMessage =
  | PeerJoin
  | {
      readonly type: "leave";
      /** Undefined where the dialect names no room: then it is the room that the peer has joined. */
      readonly roomId: string | undefined;
    }
  | PeerSignal
  /** A message that changes nothing. `text` is the answer to a peer that is in a room. */
  | { readonly type: "confirm"; readonly text: string }
  /** A message of a type that this server does not know, and ignores. */
  | { readonly type: "unknown" };

/** The wire format of a dialect in which peers join one room at a time and signal each other by id. */
export interface PeerCodec {
  /** Throws `SessionError` (malformed-frame). */
  decode(message: JsonMessage): PeerMessage;
  /** Lists the other peers of a room to a peer that has joined it. */
  encodePeers(roomId: string, others: readonly PeerInfo[], peer: PeerInfo): string;
  encodeJoined(roomId: string, peer: PeerInfo): string;
  encodeLeft(roomId: string, peer: PeerInfo): string;
  encodeSignal(signal: PeerSignal, sender: PeerInfo & { readonly roomId: string }): string;
  encodeError(text: string): string;
}
