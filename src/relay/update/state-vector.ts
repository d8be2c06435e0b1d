import * as encoding from "lib0/encoding";
import type { IdSet } from "./id-set.ts";
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

/** A state vector with more clients is not sorted, because that takes longer than writing it. */
const maxSorted = 1_000;

/** Writes the state vector of a set of clocks. Yjs reads the clients in any order. */
export function encodeStateVectorOf(clocks: IdSet): Uint8Array {
  if (clocks.clientCount <= maxSorted) return encodeStateVector(clocks.stateVector());
  const body = encoding.createEncoder();
  let count = 0;
  clocks.forEachReach((client, end) => {
    encoding.writeVarUint(body, client);
    encoding.writeVarUint(body, end);
    count += 1;
  });
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, count);
    encoding.writeUint8Array(encoder, encoding.toUint8Array(body));
  });
}

/** Throws `DecodeError`, also for left-over bytes. */
export function decodeStateVector(stateVector: Uint8Array): Map<number, number> {
  const clocks = new Map<number, number>();
  readStateVector(stateVector, (client, clock) => clocks.set(client, clock));
  return clocks;
}

/** Throws what `decodeStateVector` throws. */
export function checkStateVector(stateVector: Uint8Array): void {
  readStateVector(stateVector, () => {});
}

function readStateVector(stateVector: Uint8Array, visit: (client: number, clock: number) => void): void {
  decodeAll(stateVector, (decoder) => {
    for (let left = readUint(decoder); left > 0; left -= 1) {
      const client = readUint(decoder);
      visit(client, readUint(decoder));
    }
  });
}
