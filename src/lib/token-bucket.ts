import type { Clock } from "./clock.ts";

export interface TokenBucketOptions {
  /** Tokens that can be taken at once when none has been taken for a while. */
  readonly burst: number;
  readonly perSecond: number;
  readonly clock: Clock;
}

/** A rate with a burst. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.clock.now();
  }

  /** Takes a token; false when there is none. */
  take(): boolean {
    const { burst, perSecond, clock } = this.#options;
    const now = clock.now();
    // A clock that is set back gives nothing.
    const passedMs = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(burst, this.#tokens + (passedMs * perSecond) / 1000);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
