import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import {
  decodeNextOrRefuse,
  decodeSyncMessage,
  type SyncMessage,
  type UnknownMessage,
  unknownMessage,
  updateOffset,
} from "../sync-codec.ts";
import { DecodeError } from "../update/strict-decoding.ts";

/** A message of a Hocuspocus provider about one document. */
export type ClientMessage =
  | SyncMessage
  | { readonly type: "awareness"; readonly body: Uint8Array }
  | { readonly type: "query-awareness" }
  | { readonly type: "authentication"; readonly token: string }
  | { readonly type: "stateless"; readonly payload: string }
  | { readonly type: "close" }
  | UnknownMessage;

/** The address of a frame: it names the document of the connection to which the frame belongs. */
export interface Addressed {
  /** The name of the document; a provider with `sessionAwareness` appends NUL and its own id. */
  readonly address: string;
  /** The offset of the message in the frame. */
  readonly offset: number;
}

/** The message types that follow the address (Hocuspocus 2 to 4). */
export const messageTypes = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  stateless: 5,
  /** A message from one server to another, which a client must not send. */
  broadcastStateless: 6,
  close: 7,
  syncStatus: 8,
  /** Ping and pong are frames of one byte, without an address. */
  ping: 9,
  pong: 10,
} as const;

const typesOfClients: ReadonlySet<number | undefined> = new Set([
  ...[messageTypes.sync, messageTypes.awareness, messageTypes.auth, messageTypes.queryAwareness],
  ...[messageTypes.stateless, messageTypes.broadcastStateless, messageTypes.close],
]);

/** Whether a message that begins with this byte is of a known type. */
export function isKnownType(type: number | undefined): boolean {
  return typesOfClients.has(type);
}

const token = 0;
/** The longest session id in bytes, with the NUL before it. */
const sessionIdBytes = 257;

/** Returns the longest address in bytes, for document names of at most `nameBytes`. */
export function maxAddressBytes(nameBytes: number): number {
  return nameBytes + sessionIdBytes;
}

/** Throws `SessionError` malformed-frame, also for an address of more than `limitBytes`. */
export function decodeAddress(frame: Uint8Array, limitBytes: number): Addressed {
  try {
    const decoder = decoding.createDecoder(frame);
    const length = decoding.peekVarUint(decoder);
    if (length > limitBytes) throw new RangeError(`address too long: ${length} bytes`);
    const address = decoding.readVarString(decoder);
    // lib0 does not check that a string ends within the frame.
    if (decoder.pos >= frame.byteLength) throw new RangeError("no message after the address");
    return { address, offset: decoder.pos };
  } catch (error) {
    throw new SessionError(closeReasons.malformedFrame, error instanceof Error ? error.message : "no address");
  }
}

/**
 * Decodes the message after the address. Bytes behind the message are ignored: a frame has one message, and newer
 * providers append fields to it, as version 4 appended its version to the token.
 *
 * Throws `SessionError` malformed-frame for a message of a known type that cannot be decoded.
 */
export function decodeMessage(frame: Uint8Array, offset: number): ClientMessage {
  const decoder = decoding.createDecoder(frame);
  decoder.pos = offset;
  return decodeNextOrRefuse(decoder, readMessage);
}

/** As `updateOffset`, for a frame of a provider whose message begins at `offset`. */
export function updateOffsetOf(frame: Uint8Array, offset: number): number {
  return frame[offset] === messageTypes.sync ? updateOffset(frame, offset + 1) : -1;
}

function readMessage(decoder: decoding.Decoder): ClientMessage {
  switch (decoding.readVarUint(decoder)) {
    case messageTypes.sync:
      return decodeSyncMessage(decoder);
    case messageTypes.awareness:
      return { type: "awareness", body: decoding.readVarUint8Array(decoder) };
    case messageTypes.auth:
      return readAuthentication(decoder);
    case messageTypes.queryAwareness:
      return { type: "query-awareness" };
    case messageTypes.stateless:
      return { type: "stateless", payload: decoding.readVarString(decoder) };
    case messageTypes.broadcastStateless:
      throw new DecodeError("a broadcast between servers");
    case messageTypes.close:
      return { type: "close" };
    default:
      return unknownMessage;
  }
}

function readAuthentication(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  return type === token ? { type: "authentication", token: decoding.readVarString(decoder) } : unknownMessage;
}

/** Encodes an address as it precedes every message of its document. */
export function encodeAddress(address: string): Uint8Array {
  return encoding.encode((encoder) => encoding.writeVarString(encoder, address));
}
