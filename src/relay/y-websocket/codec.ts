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
  writeSyncMessage,
} from "../sync-codec.ts";

/** A message of a y-websocket client. */
export type ClientMessage =
  | SyncMessage
  | { readonly type: "awareness"; readonly body: Uint8Array }
  | { readonly type: "query-awareness" }
  | UnknownMessage;

/** The content of a frame: one message, or several of them, which are decoded one by one in their order. */
export type FrameContent = ClientMessage | { readonly type: "several"; readonly messages: Iterable<ClientMessage> };

/** A message of a y-websocket server. */
export type ServerMessage =
  | SyncMessage
  | { readonly type: "awareness"; readonly body: Uint8Array }
  | { readonly type: "permission-denied"; readonly reason: string };

const sync = 0;
const awareness = 1;
const auth = 2;
const queryAwareness = 3;
const permissionDenied = 0;
/** An update above this size is encoded without lib0. */
const largeBytes = 16 * 1024;

/** Whether a frame of any size carries awareness and nothing else. */
export function isAwareness(frame: string | Uint8Array): boolean {
  if (typeof frame === "string" || frame[0] !== awareness) return false;
  const decoder = decoding.createDecoder(frame);
  decoder.pos = 1;
  return decodeNextOrRefuse(decoder, decoding.readVarUint) === frame.byteLength - decoder.pos;
}

/** As `updateOffset`, for a frame of a y-websocket client. */
export function updateOffsetOf(frame: Uint8Array): number {
  return frame[0] === sync ? updateOffset(frame, 1) : -1;
}

/**
 * The messages of one frame are handled in one turn of the event loop, and an answer takes longer than the message of
 * two bytes that asks for it.
 */
const messagesPerFrame = 1_000;

/**
 * Decodes a frame. An unknown message, also one without any bytes, is the last one of its frame.
 *
 * Throws `SessionError` malformed-frame for a message of a known type that cannot be decoded; of several messages, when
 * the iteration reaches it.
 */
export function decodeFrame(frame: Uint8Array): FrameContent {
  if (frame.byteLength === 0) return unknownMessage;
  const decoder = decoding.createDecoder(frame);
  const first = decodeNextOrRefuse(decoder, readMessage);
  const isLast = first === unknownMessage || !decoding.hasContent(decoder);
  return isLast ? first : { type: "several", messages: decodeSeveral(first, decoder) };
}

function* decodeSeveral(first: ClientMessage, decoder: decoding.Decoder): Generator<ClientMessage, void> {
  yield first;
  for (let count = 2; decoding.hasContent(decoder); count += 1) {
    if (count > messagesPerFrame) {
      throw new SessionError(closeReasons.malformedFrame, `more than ${messagesPerFrame} messages in one frame`);
    }
    const message = decodeNextOrRefuse(decoder, readMessage);
    yield message;
    if (message === unknownMessage) return;
  }
}

function readMessage(decoder: decoding.Decoder): ClientMessage {
  switch (decoding.readVarUint(decoder)) {
    case sync:
      return decodeSyncMessage(decoder);
    case awareness:
      return { type: "awareness", body: decoding.readVarUint8Array(decoder) };
    case queryAwareness:
      return { type: "query-awareness" };
    default:
      return unknownMessage;
  }
}

export function encodeMessage(message: ServerMessage): Uint8Array {
  if ("update" in message && message.update.byteLength > largeBytes) return encodeLarge(message);
  return encoding.encode((encoder) => {
    switch (message.type) {
      case "awareness":
        encoding.writeVarUint(encoder, awareness);
        encoding.writeVarUint8Array(encoder, message.body);
        break;
      case "permission-denied":
        encoding.writeVarUint(encoder, auth);
        encoding.writeVarUint(encoder, permissionDenied);
        encoding.writeVarString(encoder, message.reason);
        break;
      default:
        encoding.writeVarUint(encoder, sync);
        writeSyncMessage(encoder, message);
    }
  });
}

/** Copies the update once. lib0's encoder copies it twice, into buffers of its own. */
function encodeLarge(message: Extract<SyncMessage, { readonly update: Uint8Array }>): Uint8Array {
  const { update } = message;
  const head = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, sync);
    writeSyncMessage(encoder, { ...message, update: new Uint8Array() });
  });
  // The last byte is the length of the empty update.
  const length = encoding.encode((encoder) => encoding.writeVarUint(encoder, update.byteLength));
  const frame = new Uint8Array(head.byteLength - 1 + length.byteLength + update.byteLength);
  frame.set(head);
  frame.set(length, head.byteLength - 1);
  frame.set(update, head.byteLength - 1 + length.byteLength);
  return frame;
}
