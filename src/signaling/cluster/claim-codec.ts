import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import type { Stamp } from "./stamp.ts";

/** A node asks whether a client of it may have an id. */
export interface ClaimQuestion {
  readonly id: string;
  /** The stamp of the claim, not that which the client gets with the id. */
  readonly stamp: Stamp;
  /** Shows that the client had the id before; empty if it shows nothing. */
  readonly proof: Uint8Array;
}

/** The answer of a node that has to do with the id. A node that has not says nothing. */
export type Verdict =
  /** Its client, which got the id with `stamp`, gives way. `details` are for the node that takes over. */
  | { readonly type: "permitted"; readonly stamp: Stamp; readonly details: string }
  /** Its client keeps the id. */
  | { readonly type: "taken" };

/** Tells a node that the id that a client of it got with `stamp` is another client's. */
export interface Refusal {
  readonly id: string;
  readonly stamp: Stamp;
}

/**
 * The first byte of a claim's question and of its message. Other questions and messages of a subject begin with other
 * bytes.
 */
const claimType = 1;
const verdictTypes = { permitted: 1, taken: 2 } as const;

export function encodeClaim({ id, stamp, proof }: ClaimQuestion): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, claimType);
    encoding.writeVarString(encoder, id);
    writeStamp(encoder, stamp);
    encoding.writeVarUint8Array(encoder, proof);
  });
}

/** Reads a question; undefined if it is no claim, or is cut short. */
export function decodeClaim(question: Uint8Array): ClaimQuestion | undefined {
  return read(question, (type, decoder) => {
    if (type !== claimType) return undefined;
    const id = decoding.readVarString(decoder);
    return { id, stamp: readStamp(decoder), proof: decoding.readVarUint8Array(decoder).slice() };
  });
}

export function encodeVerdict(verdict: Verdict): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, verdictTypes[verdict.type]);
    if (verdict.type === "taken") return;
    writeStamp(encoder, verdict.stamp);
    encoding.writeVarString(encoder, verdict.details);
  });
}

/** Reads a verdict; undefined if this server does not know its type, or it is cut short. */
export function decodeVerdict(answer: Uint8Array): Verdict | undefined {
  return read(answer, (type, decoder) => {
    if (type === verdictTypes.taken) return { type: "taken" };
    if (type !== verdictTypes.permitted) return undefined;
    return { type: "permitted", stamp: readStamp(decoder), details: decoding.readVarString(decoder) };
  });
}

export function encodeRefusal({ id, stamp }: Refusal): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, claimType);
    encoding.writeVarString(encoder, id);
    writeStamp(encoder, stamp);
  });
}

/** Reads a message; undefined if it is no refusal, or is cut short. */
export function decodeRefusal(message: Uint8Array): Refusal | undefined {
  return read(message, (type, decoder) =>
    type === claimType ? { id: decoding.readVarString(decoder), stamp: readStamp(decoder) } : undefined,
  );
}

export function writeStamp(encoder: encoding.Encoder, { at, node }: Stamp): void {
  encoding.writeVarUint(encoder, at);
  encoding.writeVarString(encoder, node);
}

export function readStamp(decoder: decoding.Decoder): Stamp {
  return { at: decoding.readVarUint(decoder), node: decoding.readVarString(decoder) };
}

/** Reads what another node has sent, which may be of another release: lib0 throws on what is cut short. */
function read<T>(
  bytes: Uint8Array,
  readBody: (type: number, decoder: decoding.Decoder) => T | undefined,
): T | undefined {
  const decoder = decoding.createDecoder(bytes);
  try {
    return readBody(decoding.readVarUint(decoder), decoder);
  } catch {
    return undefined;
  }
}
