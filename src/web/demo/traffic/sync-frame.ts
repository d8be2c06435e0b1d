import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

/** The parts of a y-websocket frame that the page reads. */
export type SyncFrame =
  | { readonly type: "sync-step-1" | "awareness" | "query-awareness" | "other" }
  | { readonly type: "sync-step-2" | "update"; readonly update: Uint8Array }
  | { readonly type: "permission-denied"; readonly reason: string };

export function decodeSyncFrame(frame: Uint8Array): SyncFrame {
  const decoder = decoding.createDecoder(frame);
  switch (decoding.readVarUint(decoder)) {
    case 0:
      return decodeSync(decoder);
    case 1:
      return { type: "awareness" };
    case 2:
      return decodeAuth(decoder);
    case 3:
      return { type: "query-awareness" };
    default:
      return { type: "other" };
  }
}

function decodeSync(decoder: decoding.Decoder): SyncFrame {
  const step = decoding.readVarUint(decoder);
  if (step === 0) return { type: "sync-step-1" };
  return { type: step === 1 ? "sync-step-2" : "update", update: decoding.readVarUint8Array(decoder) };
}

function decodeAuth(decoder: decoding.Decoder): SyncFrame {
  if (decoding.readVarUint(decoder) !== 0) return { type: "other" };
  return { type: "permission-denied", reason: decoding.readVarString(decoder) };
}

/** Asks for all awareness states: the only message that the server answers at once and that changes nothing. */
export function queryAwareness(): Uint8Array<ArrayBuffer> {
  return encoding.encode((encoder) => encoding.writeVarUint(encoder, 3));
}
