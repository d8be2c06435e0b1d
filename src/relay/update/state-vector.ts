import * as encoding from "lib0/encoding";
import { decodeAll, readUint } from "./strict-decoding.ts";

/** Writes a state vector as Yjs does, with clients in descending order. */
export function encodeStateVector(clocks: ReadonlyMap<number, number>): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clocks.size);
    for (const [client, clock] of [...clocks].sort(([left], [right]) => right - left)) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
    }
  });
}

/** Throws `DecodeError`, also for left-over bytes. */
export function decodeStateVector(stateVector: Uint8Array): Map<number, number> {
  return decodeAll(stateVector, (decoder) => {
    const clocks = new Map<number, number>();
    for (let left = readUint(decoder); left > 0; left -= 1) {
      const client = readUint(decoder);
      clocks.set(client, readUint(decoder));
    }
    return clocks;
  });
}
