import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import { decodeOrRefuse, decodeSyncMessage, type SyncMessage } from "../sync-codec.ts";
import { DecodeError } from "../update/strict-decoding.ts";

/** What a Hocuspocus provider can say about one document. */
export type ClientMessage =
  | SyncMessage
  | { readonly type: "awareness"; readonly body: Uint8Array }
  | { readonly type: "query-awareness" }
  | { readonly type: "authentication"; readonly token: string }
  | { readonly type: "stateless"; readonly payload: string }
  | { readonly type: "close" };

/** To which document of a connection a frame belongs. */
export interface Addressed {
  /** The document's name; from a provider with `sessionAwareness`, NUL and the provider's id follow it. */
  readonly address: string;
  /** Where the message begins. */
  readonly offset: number;
}

/** The numbers that stand behind the address (Hocuspocus 2 to 4). */
export const messageTypes = {
  sync: 0,
  awareness: 1,
  auth: 2,
  queryAwareness: 3,
  stateless: 5,
  close: 7,
  syncStatus: 8,
  /** These two are frames of their own, without an address. */
  ping: 9,
  pong: 10,
} as const;

const token = 0;
/** Behind a document's name: NUL and the provider's id. */
const sessionIdBytes = 257;

/** In bytes, where a document's name may have so many. */
export function longestAddress(nameBytes: number): number {
  return nameBytes + sessionIdBytes;
}

/** Throws `SessionError` malformed-frame, also for an address of more than `limitBytes`. */
export function decodeAddress(frame: Uint8Array, limitBytes: number): Addressed {
  try {
    const decoder = decoding.createDecoder(frame);
    const length = decoding.peekVarUint(decoder);
    if (length > limitBytes) throw new RangeError(`an address of ${length} bytes`);
    const address = decoding.readVarString(decoder);
    // lib0 reads on behind the end.
    if (decoder.pos >= frame.byteLength) throw new RangeError("no message behind the address");
    return { address, offset: decoder.pos };
  } catch (error) {
    throw new SessionError(closeReasons.malformedFrame, error instanceof Error ? error.message : "no address");
  }
}

/** What is behind the address. Throws `SessionError` malformed-frame, also for left-over bytes. */
export function decodeMessage(frame: Uint8Array, offset: number): ClientMessage {
  return decodeOrRefuse(frame, (decoder) => {
    decoder.pos = offset;
    return readMessage(decoder);
  });
}

function readMessage(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case messageTypes.sync:
      return decodeSyncMessage(decoder);
    case messageTypes.awareness:
      return { type: "awareness", body: decoding.readVarUint8Array(decoder) };
    case messageTypes.auth:
      return { type: "authentication", token: readToken(decoder) };
    case messageTypes.queryAwareness:
      return { type: "query-awareness" };
    case messageTypes.stateless:
      return { type: "stateless", payload: decoding.readVarString(decoder) };
    case messageTypes.close:
      if (decoding.hasContent(decoder)) decoding.readVarString(decoder);
      return { type: "close" };
    default:
      throw new DecodeError(`unknown message ${type}`);
  }
}

function readToken(decoder: decoding.Decoder): string {
  const type = decoding.readVarUint(decoder);
  if (type !== token) throw new DecodeError(`unknown authentication message ${type}`);
  const text = decoding.readVarString(decoder);
  // Providers from version 4 on add their version.
  if (decoding.hasContent(decoder)) decoding.readVarString(decoder);
  return text;
}

/** The bytes of an address, as they stand before every message of its document. */
export function encodeAddress(address: string): Uint8Array {
  return encoding.encode((encoder) => encoding.writeVarString(encoder, address));
}
