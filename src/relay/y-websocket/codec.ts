import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { closeReasons, SessionError } from "../../transport/close-reason.ts";
import { decodeOrRefuse, decodeSyncMessage, type SyncMessage, writeSyncMessage } from "../sync-codec.ts";
import { DecodeError } from "../update/strict-decoding.ts";

/** A message of a y-websocket client. */
export type ClientMessage =
  | SyncMessage
  | { readonly type: "awareness"; readonly body: Uint8Array }
  | { readonly type: "query-awareness" };

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

/** Decodes the one message of a frame. Throws `SessionError` malformed-frame, also for text and for left-over bytes. */
export function decodeMessage(frame: string | Uint8Array): ClientMessage {
  if (typeof frame === "string") throw new SessionError(closeReasons.malformedFrame, "text frames are not supported");
  return decodeOrRefuse(frame, readMessage);
}

function readMessage(decoder: decoding.Decoder): ClientMessage {
  const type = decoding.readVarUint(decoder);
  switch (type) {
    case sync:
      return decodeSyncMessage(decoder);
    case awareness:
      return { type: "awareness", body: decoding.readVarUint8Array(decoder) };
    case queryAwareness:
      return { type: "query-awareness" };
    default:
      throw new DecodeError(`unknown message ${type}`);
  }
}

export function encodeMessage(message: ServerMessage): Uint8Array {
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
