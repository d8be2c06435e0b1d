import type { Clock } from "./time/clock.ts";

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
    this.#fill(this.#options.clock.now());
    return this.#tokens >= this.#options.burst;
  }

  /** Takes so many tokens, or none and returns false when there are fewer. `now` is for who has looked already. */
  take(count = 1, now = this.#options.clock.now()): boolean {
    this.#fill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** How long until so many tokens can be taken, if nobody takes any meanwhile; 0 when they can be taken now. */
  waitMs(count = 1, now = this.#options.clock.now()): number {
    this.#fill(now);
    if (this.#tokens >= count) return 0;
    return Math.ceil(((count - this.#tokens) * 1000) / this.#options.perSecond);
  }

  #fill(now: number): void {
    const passedMs = now - this.#filledAt;
    if (passedMs === 0) return;
    this.#filledAt = now;
    // A clock that is set back gives nothing.
    if (passedMs < 0) return;
    const { burst, perSecond } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + (passedMs * perSecond) / 1000);
  }
}
