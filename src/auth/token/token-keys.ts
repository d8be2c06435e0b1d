import type { CryptoKey } from "jose";

/** The part of a token's header by which its key is found; nothing of it is verified yet. */
export interface SignatureHeader {
  readonly alg: string;
  readonly kid?: string;
}

/** Where the keys come from that tokens are verified with. */
export interface TokenKeys {
  /** The only algorithms that count: of secrets and of public keys never the same, so that none is taken for another. */
  readonly algorithms: ReadonlySet<string>;
  /**
   * The keys that may have made the signature, to be tried one after the other until one fits. Each is waited for within
   * a deadline. Throws `KeysUnavailable`.
   */
  candidates(header: SignatureHeader): AsyncIterable<CryptoKey | Uint8Array>;
}

/** It is not known whether there is a key. */
export class KeysUnavailable extends Error {
  constructor() {
    super("The keys cannot be had.");
    this.name = "KeysUnavailable";
  }
}

export const secretAlgorithm = "HS256";

/** RFC 7518 §3.2: as long as the hash. */
const shortestSecretBytes = 32;

/** Keys that are shared with those who sign. */
export function secretKeys(secrets: readonly string[]): TokenKeys {
  const keys = secrets.map(secretBytes);
  return {
    algorithms: new Set([secretAlgorithm]),
    async *candidates() {
      yield* keys;
    },
  };
}

/** All keys of several sources; each signature is tried with those of its algorithm alone. */
export function joinedKeys(sources: readonly TokenKeys[]): TokenKeys {
  return {
    algorithms: new Set(sources.flatMap(({ algorithms }) => [...algorithms])),
    async *candidates(header) {
      for (const source of sources) if (source.algorithms.has(header.alg)) yield* source.candidates(header);
    },
  };
}

/** The key that a secret is: its text in UTF-8. */
export function secretBytes(secret: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.byteLength < shortestSecretBytes) throw new RangeError(`A secret needs ${shortestSecretBytes} bytes.`);
  return bytes;
}
