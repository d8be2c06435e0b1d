import type { Clock } from "../../lib/time/clock.ts";
import type { Metrics } from "../../ops/metrics.ts";

export interface EventLoopLagOptions {
  readonly clock: Clock;
  /** Elapsed milliseconds, with fractions. */
  readonly elapsedMs: () => number;
  readonly metrics: Pick<Metrics, "eventLoopLag">;
}

const sampleMs = 100;

/** Records how much later than it is due a timer runs, while it is started: for so long the event loop was busy. */
export class EventLoopLag {
  readonly #options: EventLoopLagOptions;
  #cancel: (() => void) | undefined;

  constructor(options: EventLoopLagOptions) {
    this.#options = options;
  }

  /** Idempotent. */
  start(): void {
    this.#cancel ??= this.#sample();
  }

  /** Idempotent. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #sample(): () => void {
    const { clock, elapsedMs, metrics } = this.#options;
    const startedAt = elapsedMs();
    return clock.after(sampleMs, () => {
      metrics.eventLoopLag.observe(Math.max(0, elapsedMs() - startedAt - sampleMs) / 1_000);
      this.#cancel = this.#sample();
    });
  }
}
