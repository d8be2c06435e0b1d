import * as encoding from "lib0/encoding";

/** Encodes numbers as lib0 does, and arrays with their length before them. */
export function bytesOf(...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return encoding.encode((encoder) => {
    for (const part of parts) {
      if (typeof part === "number") encoding.writeVarUint(encoder, part);
      else if (typeof part === "string") encoding.writeVarString(encoder, part);
      else encoding.writeVarUint8Array(encoder, part);
    }
  });
}
