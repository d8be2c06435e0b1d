import type { Clock } from "./time/clock.ts";

export interface TokenBucketOptions {
  /** The capacity: the most tokens that can be taken at once. */
  readonly burst: number;
  readonly perSecond: number;
  readonly clock: Clock;
}

/** A token bucket: a rate of tokens per second, and a burst. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filledAt: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filledAt = options.clock.elapsedMs();
  }

  get isFull(): boolean {
    this.#fill(this.#options.clock.elapsedMs());
    return this.#tokens >= this.#options.burst;
  }

  /**
   * Takes `count` tokens and returns true; returns false and takes none when there are fewer. A caller that has read
   * the clock already passes its `elapsedMs` as `now`.
   */
  take(count = 1, now = this.#options.clock.elapsedMs()): boolean {
    this.#fill(now);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /**
   * Takes `count` tokens even if there are fewer, and returns the milliseconds until the bucket has got those that it
   * lacks: the caller waits so long. Callers that wait get their tokens in the order of these calls.
   */
  reserve(count = 1, now = this.#options.clock.elapsedMs()): number {
    const waitMs = this.waitMs(count, now);
    this.#tokens -= count;
    return waitMs;
  }

  /** Gives back tokens whose caller has given up its wait. */
  giveBack(count = 1): void {
    this.#tokens = Math.min(this.#options.burst, this.#tokens + count);
  }

  /** Milliseconds until `count` tokens can be taken, if none are taken meanwhile; 0 when they can be taken now. */
  waitMs(count = 1, now = this.#options.clock.elapsedMs()): number {
    this.#fill(now);
    if (this.#tokens >= count) return 0;
    return Math.ceil(((count - this.#tokens) * 1000) / this.#options.perSecond);
  }

  #fill(now: number): void {
    const passedMs = now - this.#filledAt;
    if (passedMs === 0) return;
    this.#filledAt = now;
    const { burst, perSecond } = this.#options;
    this.#tokens = Math.min(burst, this.#tokens + (passedMs * perSecond) / 1000);
  }
}
