import type { Clock } from "../../lib/time/clock.ts";

/** A link that signs in an administrator. */
export interface AdminLink {
  /** The secret part: 256 random bits in base64url. */
  readonly code: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** The lifetime of a link. */
export const linkLifetimeMs = 30 * 60_000;
/** The most valid links. One more invalidates the oldest. */
const mostLinks = 16;
const codeBytes = 32;

/**
 * Links for administrators that are valid once, within half an hour, and until the server ends. Only hashes of their codes
 * are kept.
 */
export class AdminLinks {
  readonly #clock: Pick<Clock, "now" | "elapsedMs">;
  /** The expiries on the monotonic clock, by the hashes of the codes, in the order of creation. */
  readonly #ends = new Map<string, number>();

  constructor(clock: Pick<Clock, "now" | "elapsedMs">) {
    this.#clock = clock;
  }

  create(): AdminLink {
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size >= mostLinks) this.#ends.delete(oldest);
    const random = crypto.getRandomValues(new Uint8Array(codeBytes));
    const code = random.toBase64({ alphabet: "base64url", omitPadding: true });
    this.#ends.set(hashOf(code), this.#clock.elapsedMs() + linkLifetimeMs);
    return { code, expiresAt: this.#clock.now() + linkLifetimeMs };
  }

  /** Invalidates a link. False if there is none with this code: it was used, has expired, or was never created. */
  use(code: string): boolean {
    const hash = hashOf(code);
    const end = this.#ends.get(hash);
    this.#ends.delete(hash);
    return end !== undefined && this.#clock.elapsedMs() < end;
  }
}

/** A fast hash is enough, because a code has 256 random bits. */
function hashOf(code: string): string {
  return new Bun.CryptoHasher("sha256").update(code).digest("hex");
}
