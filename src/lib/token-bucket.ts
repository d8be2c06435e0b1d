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

  get isFull(): boolean {
    this.#fill();
    return this.#tokens >= this.#options.burst;
  }

  /** Takes so many tokens, or none and returns false when there are fewer. */
  take(count = 1): boolean {
    this.#fill();
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** How long until so many tokens can be taken, if nobody takes any meanwhile; 0 when they can be taken now. */
  waitMs(count = 1): number {
    this.#fill();
    return Math.max(0, Math.ceil(((count - this.#tokens) * 1000) / this.#options.perSecond));
  }

  #fill(): void {
    const { burst, perSecond, clock } = this.#options;
    const now = clock.now();
    // A clock that is set back gives nothing.
    const passedMs = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(burst, this.#tokens + (passedMs * perSecond) / 1000);
  }
}
