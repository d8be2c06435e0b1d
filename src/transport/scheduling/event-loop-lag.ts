import type { Pulse } from "../../lib/time/pulse.ts";
import type { Metrics } from "../../ops/metrics.ts";

export interface EventLoopLagOptions {
  readonly pulse: Pulse;
  readonly metrics: Pick<Metrics, "eventLoopLag">;
}

/** Records how much later than due each beat of the pulse comes, while it is started: for so long the loop was busy. */
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
    const { metrics, pulse } = this.#options;
    return pulse.next((lateMs) => {
      metrics.eventLoopLag.observe(lateMs / 1_000);
      this.#cancel = this.#sample();
    });
  }
}
