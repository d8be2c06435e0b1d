import type { Clock } from "./time/clock.ts";

export interface CircuitBreakerOptions {
  /** The breaker opens after this many consecutive failures. */
  readonly failures: number;
  /** The time that the breaker stays open before it lets one call through. */
  readonly openMs: number;
  readonly clock: Clock;
}

/** A call that the breaker let through. */
export interface BreakerCall {
  /** Must be called once, at the end of the call. The outcome `unknown` does not change the count of failures. */
  end(outcome: "succeeded" | "failed" | "unknown"): void;
}

/**
 * Stops calls to a service that keeps failing: callers do not wait for it, and the service gets no further load.
 *
 * After `openMs` the breaker lets one call through. Its outcome closes the breaker or opens it again.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #openedAt: number | undefined;
  #isProbing = false;
  /** Incremented at each opening, so that calls begun before the opening no longer count. */
  #round = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Whether `begin` would return undefined now. */
  get isOpen(): boolean {
    if (this.#openedAt === undefined) return false;
    const { clock, openMs } = this.#options;
    return this.#isProbing || clock.elapsedMs() - this.#openedAt < openMs;
  }

  /** Lets a call through, or returns undefined while the breaker is open. */
  begin(): BreakerCall | undefined {
    if (this.isOpen) return undefined;
    this.#isProbing = this.#openedAt !== undefined;
    const round = this.#round;
    return {
      end: (outcome) => {
        if (round === this.#round) this.#ended(outcome);
      },
    };
  }

  #ended(outcome: Parameters<BreakerCall["end"]>[0]): void {
    this.#isProbing = false;
    if (outcome === "unknown") return;
    this.#failures = outcome === "failed" ? this.#failures + 1 : 0;
    if (this.#failures === 0) this.#openedAt = undefined;
    else if (this.#failures >= this.#options.failures) this.#open();
  }

  #open(): void {
    this.#openedAt = this.#options.clock.elapsedMs();
    this.#round += 1;
  }
}
