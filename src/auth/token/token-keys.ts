import type { CryptoKey } from "jose";
import { shortestSecretBytes } from "../../config/auth-settings.ts";

/** The part of a token that selects the key. It is not verified yet. */
export interface SignatureHeader {
  readonly alg: string;
  readonly kid?: string;
  /** Epoch milliseconds: when the token says that it was issued. */
  readonly claimedIssueTime?: number;
}

/** A source of the keys that verify tokens. */
export interface TokenKeys {
  /**
   * The accepted algorithms. Secrets and public keys never share one, so that a public key is never used as a secret
   * (algorithm confusion).
   */
  readonly algorithms: ReadonlySet<string>;
  /**
   * The keys that may have signed the token, to be tried in order until one verifies it. Each arrives within a
   * deadline. Throws `KeysUnavailable`.
   */
  candidates(header: SignatureHeader): AsyncIterable<CryptoKey | Uint8Array>;
}

/** The key set could not be read, or is read too rarely for so new a token: the existence of its key is unknown. */
export class KeysUnavailable extends Error {
  constructor() {
    super("The keys that verify tokens are unavailable.");
    this.name = "KeysUnavailable";
  }
}

export const secretAlgorithm = "HS256";

/** The keys of secrets that can be replaced while the server runs. */
export interface SecretKeys extends TokenKeys {
  /** Tokens that are verified from now on need one of these secrets. Throws `RangeError` if one is too short. */
  replace(secrets: readonly string[]): void;
}

/** The keys of HS256 secrets, which the server shares with token issuers. Throws `RangeError` if one is too short. */
export function secretKeys(secrets: readonly string[]): SecretKeys {
  let keys = secrets.map(encodeSecret);
  return {
    algorithms: new Set([secretAlgorithm]),
    replace(replacements) {
      keys = replacements.map(encodeSecret);
    },
    async *candidates() {
      yield* keys;
    },
  };
}

/** The keys of several sources. A signature is verified with the keys for its own algorithm only. */
export function joinedKeys(sources: readonly TokenKeys[]): TokenKeys {
  return {
    algorithms: new Set(sources.flatMap(({ algorithms }) => [...algorithms])),
    async *candidates(header) {
      for (const source of sources) if (source.algorithms.has(header.alg)) yield* source.candidates(header);
    },
  };
}

/** The HS256 key of a secret: its text in UTF-8. Throws `RangeError` if the secret is too short. */
export function encodeSecret(secret: string): Uint8Array {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.byteLength < shortestSecretBytes) throw new RangeError(`A secret needs ${shortestSecretBytes} bytes.`);
  return bytes;
}
