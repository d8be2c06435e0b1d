import { hmacSha1 } from "../../lib/crypto/hmac-sha1.ts";
import { isSameSecret } from "../../lib/same-secret.ts";
import type { Clock } from "../../lib/time/clock.ts";

const keyBytes = 20;
/** The time of issue in seconds, in hexadecimal digits. */
const timeDigits = 8;
/** 96 bits. */
const proofDigits = 24;
const nonceDigits = timeDigits + proofDigits;
const utf8 = new TextEncoder();

/** A client as the server sees it. */
export interface NonceHolder {
  readonly address: string;
  readonly port: number;
  readonly transport: string;
}

export interface NoncesOptions {
  readonly clock: Clock;
  /** The lifetime of a nonce in milliseconds. Afterwards, a client takes the nonce of the answer 438. */
  readonly lifetimeMs?: number;
  /** 20 secret bytes; random by default. */
  readonly key?: Uint8Array;
}

/**
 * Nonces that are valid for one client and a limited time (RFC 8489 §9.2). None is stored: a nonce is its time of issue
 * with a MAC under a key of this process.
 */
export class Nonces {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #key: Uint8Array;

  constructor({ clock, lifetimeMs = 600_000, key = crypto.getRandomValues(new Uint8Array(keyBytes)) }: NoncesOptions) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    this.#key = key;
  }

  /** 32 hexadecimal digits. */
  issue(holder: NonceHolder): string {
    const time = Math.floor(this.#clock.elapsedMs() / 1_000)
      .toString(16)
      .padStart(timeDigits, "0");
    return time + this.#proof(time, holder);
  }

  isValid(nonce: string, holder: NonceHolder): boolean {
    if (nonce.length !== nonceDigits) return false;
    const time = nonce.slice(0, timeDigits);
    const ageMs = this.#clock.elapsedMs() - Number.parseInt(time, 16) * 1_000;
    return ageMs <= this.#lifetimeMs && isSameSecret(nonce.slice(timeDigits), this.#proof(time, holder));
  }

  #proof(time: string, { address, port, transport }: NonceHolder): string {
    const digest = hmacSha1(this.#key, utf8.encode(`${time} ${transport} ${address} ${port}`));
    return digest.toHex().slice(0, proofDigits);
  }
}
