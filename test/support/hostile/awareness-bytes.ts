import * as encoding from "lib0/encoding";

/** An entry whose state may be no JSON. */
export interface AwarenessBytes {
  readonly clientId: number;
  readonly clock: number;
  readonly json: string;
}

/** Encodes an awareness update. */
export function awarenessBytes(...entries: readonly AwarenessBytes[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length);
    for (const { clientId, clock, json } of entries) {
      encoding.writeVarUint(encoder, clientId);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, json);
    }
  });
}
