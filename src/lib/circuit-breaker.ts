import type { Clock } from "./time/clock.ts";

export interface CircuitBreakerOptions {
  /** Calls that fail one after another until none is made any more. */
  readonly failures: number;
  /** How long none is made then. */
  readonly openMs: number;
  readonly clock: Clock;
}

/** A call that was let through. */
export interface BreakerCall {
  /** Once, when it is over; `unknown` says nothing about the other side. */
  end(outcome: "succeeded" | "failed" | "unknown"): void;
}

/**
 * Spares whoever calls the wait for an other side that does not work, and the other side the calls.
 *
 * After its time it lets one call through, and that one decides.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failures = 0;
  #openedAt: number | undefined;
  #isProbing = false;
  /** Raised at each opening: calls from before it have no say any more. */
  #round = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Whether a call would not be let through now. */
  get isOpen(): boolean {
    if (this.#openedAt === undefined) return false;
    const { clock, openMs } = this.#options;
    const passedMs = clock.now() - this.#openedAt;
    // A clock that is set back ends the time.
    return this.#isProbing || (passedMs >= 0 && passedMs < openMs);
  }

  /** Lets a call through, or returns undefined. */
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
    this.#openedAt = this.#options.clock.now();
    this.#round += 1;
  }
}
