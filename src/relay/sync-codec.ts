import * as binary from "lib0/binary";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import { DecodeError, decodeNext } from "./update/strict-decoding.ts";

/** The body of a y-protocols sync message, which is the same in every relay protocol. */
export type SyncMessage =
  | { readonly type: "sync-step-1"; readonly stateVector: Uint8Array }
  | { readonly type: "sync-step-2"; readonly update: Uint8Array }
  | { readonly type: "update"; readonly update: Uint8Array };

/** A message of a type that this server does not know. Its length is not known either: it ends with its frame. */
export interface UnknownMessage {
  readonly type: "unknown";
}

export const unknownMessage: UnknownMessage = { type: "unknown" };

const syncStep1 = 0;
const syncStep2 = 1;
const update = 2;
/** A body of up to this size is copied. */
const smallBytes = 512;

/** Reads one sync message, and moves `decoder` behind it. Throws `DecodeError`. */
export function decodeSyncMessage(decoder: decoding.Decoder): SyncMessage | UnknownMessage {
  switch (decoding.readVarUint(decoder)) {
    case syncStep1:
      return { type: "sync-step-1", stateVector: readBody(decoder) };
    case syncStep2:
      return { type: "sync-step-2", update: readBody(decoder) };
    case update:
      return { type: "update", update: readBody(decoder) };
    default:
      return unknownMessage;
  }
}

/**
 * The offset of the update in a frame that has one Update message from `offset` on, and nothing behind it; -1 for any
 * other frame, about which `decodeSyncMessage` decides, and for an update of more than 16 kB. Builds nothing.
 */
export function updateOffset(frame: Uint8Array, offset: number): number {
  if (frame[offset] !== update) return -1;
  const low = frame[offset + 1] ?? 0;
  if (low < binary.BIT8) return offset + 2 + low === frame.byteLength ? offset + 2 : -1;
  const high = frame[offset + 2] ?? binary.BIT8;
  const length = (low & binary.BITS7) + high * binary.BIT8;
  return high < binary.BIT8 && offset + 3 + length === frame.byteLength ? offset + 3 : -1;
}

/**
 * Reads the body of a message. A small body is copied, a large one is a view of its frame: the first view of an array
 * makes the runtime give the array a buffer of its own, which takes longer than copying a keystroke.
 */
function readBody(decoder: decoding.Decoder): Uint8Array {
  const length = decoding.readVarUint(decoder);
  const end = decoder.pos + length;
  if (length > smallBytes || end > decoder.arr.length) return decoding.readUint8Array(decoder, length);
  const body = decoder.arr.slice(decoder.pos, end);
  decoder.pos = end;
  return body;
}

export function writeSyncMessage(encoder: encoding.Encoder, message: SyncMessage): void {
  switch (message.type) {
    case "sync-step-1":
      encoding.writeVarUint(encoder, syncStep1);
      encoding.writeVarUint8Array(encoder, message.stateVector);
      break;
    case "sync-step-2":
      encoding.writeVarUint(encoder, syncStep2);
      encoding.writeVarUint8Array(encoder, message.update);
      break;
    case "update":
      encoding.writeVarUint(encoder, update);
      encoding.writeVarUint8Array(encoder, message.update);
      break;
  }
}

/**
 * Reads one value with `read` and leaves the bytes behind it unread. Throws `SessionError` malformed-frame when it cannot
 * be decoded.
 */
export function decodeNextOrRefuse<T>(decoder: decoding.Decoder, read: (decoder: decoding.Decoder) => T): T {
  try {
    return decodeNext(decoder, read);
  } catch (error) {
    throw malformedIfUndecodable(error);
  }
}

/**
 * Turns a `DecodeError` into the `SessionError` that closes the client's session. Returns any other error unchanged.
 */
export function malformedIfUndecodable(error: unknown): unknown {
  return error instanceof DecodeError ? new SessionError(closeReasons.malformedFrame, error.message) : error;
}

/** Runs `task`. Throws, or rejects with, the `SessionError` malformed-frame for its `DecodeError`. */
export function refuseUndecodable(task: () => void | Promise<void>): void | Promise<void> {
  const refuse = (error: unknown) => {
    throw malformedIfUndecodable(error);
  };
  try {
    return task()?.catch(refuse);
  } catch (error) {
    refuse(error);
  }
}
