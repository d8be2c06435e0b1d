import { readToken } from "../data/token-claims.ts";

/** A token is replaced so long before it expires, or at half of its lifetime if it lives less than twice as long. */
const renewalMs = 5 * 60_000;
/** A renewal that failed is tried again after so long, and none follows another one sooner. */
const retryMs = 20_000;
/** The lifetime that is asked for, unless that of the first token was shorter. */
const lifetimeMs = 60 * 60_000;
/** The longest delay of a timer in a browser. */
const longestDelayMs = 2_147_483_647;

/** The order of the next token. */
export interface RenewalOrder {
  readonly user: string | undefined;
  /** The lifetime in seconds. */
  readonly ttl: number;
}

export interface RenewedTokenOptions {
  /** Requests the next token with the present one. It may reject. */
  readonly mint: (order: RenewalOrder) => Promise<string>;
  /** The server's time in epoch milliseconds. */
  readonly now: () => number;
  /** Runs a task after a delay. Returns the function that cancels it. */
  readonly after: (delayMs: number, task: () => void) => () => void;
}

/**
 * An administrator's token, which is replaced by another one of the same user before it expires. A renewal that fails is
 * repeated until the token has expired. A token without an expiry, such as an API key, stays.
 */
export class RenewedToken {
  readonly #options: RenewedTokenOptions;
  readonly #ttl: number;
  #current: string;
  #isClosed = false;
  #cancel: () => void = () => {};

  constructor(first: string, options: RenewedTokenOptions) {
    this.#options = options;
    this.#current = first;
    this.#ttl = Math.floor(Math.min(lifetimeMs, this.#lifetimeOf(first)) / 1_000);
    // A clock that is wrong makes no token live longer than it does.
    this.#schedule(Math.min(this.#leftMs(), this.#lifetimeOf(first)));
  }

  get current(): string {
    return this.#current;
  }

  /** Forgets the token. */
  close(): void {
    this.#isClosed = true;
    this.#current = "";
    this.#cancel();
  }

  /** Schedules the replacement of a token that has `leftMs` to live. */
  #schedule(leftMs: number): void {
    this.#renewAfter(Math.max(retryMs, leftMs - Math.min(renewalMs, this.#lifetimeOf(this.#current) / 2)));
  }

  #renewAfter(delayMs: number): void {
    if (!Number.isFinite(delayMs)) return;
    this.#cancel = this.#options.after(Math.min(delayMs, longestDelayMs), () => void this.#renew());
  }

  /** Never rejects. */
  async #renew(): Promise<void> {
    const user = readToken(this.#current)?.user;
    try {
      const next = await this.#options.mint({ user, ttl: this.#ttl });
      if (this.#isClosed) return;
      this.#current = next;
      this.#schedule(this.#lifetimeOf(next));
    } catch {
      // The requests of the page tell when the token has expired.
      if (!this.#isClosed && this.#leftMs() > 0) this.#renewAfter(retryMs);
    }
  }

  #leftMs(): number {
    return (readToken(this.#current)?.expiresAt ?? Number.POSITIVE_INFINITY) - this.#options.now();
  }

  /** The whole lifetime of a token; the rest of it if it does not tell when it was issued. */
  #lifetimeOf(token: string): number {
    const { expiresAt = Number.POSITIVE_INFINITY, issuedAt = this.#options.now() } = readToken(token) ?? {};
    return Math.max(0, expiresAt - issuedAt);
  }
}
