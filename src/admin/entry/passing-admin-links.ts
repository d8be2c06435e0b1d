import {
  type AdminLink,
  type AdminLinks,
  linkCodeHash,
  linkLifetimeMs,
  newLinkCode,
} from "../../auth/admin/admin-links.ts";
import type { Clock } from "../../lib/time/clock.ts";

/** The most valid links. One more invalidates the oldest. */
const mostLinks = 16;

/** Links that are valid until the server ends. Only hashes of their codes are kept. */
export class PassingAdminLinks implements AdminLinks {
  readonly #clock: Pick<Clock, "now" | "elapsedMs">;
  /** The expiries on the monotonic clock, by the hashes of the codes, in the order of creation. */
  readonly #ends = new Map<string, number>();

  constructor(clock: Pick<Clock, "now" | "elapsedMs">) {
    this.#clock = clock;
  }

  create(): AdminLink {
    const [oldest] = this.#ends.keys();
    if (oldest !== undefined && this.#ends.size >= mostLinks) this.#ends.delete(oldest);
    const code = newLinkCode();
    this.#ends.set(linkCodeHash(code), this.#clock.elapsedMs() + linkLifetimeMs);
    return { code, expiresAt: this.#clock.now() + linkLifetimeMs };
  }

  use(code: string): boolean {
    const hash = linkCodeHash(code);
    const end = this.#ends.get(hash);
    this.#ends.delete(hash);
    return end !== undefined && this.#clock.elapsedMs() < end;
  }
}
