import type { Clock } from "./clock.ts";

export interface PacedTaskOptions {
  task(): void;
  readonly intervalMs: number;
  readonly clock: Clock;
}

/**
 * A task that runs as soon as it is requested, but not more than once per interval: the requests that come too soon are
 * answered by one run at the end of the interval.
 */
export class PacedTask {
  readonly #options: PacedTaskOptions;
  #ranAt = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: PacedTaskOptions) {
    this.#options = options;
  }

  request(): void {
    if (this.#cancel !== undefined) return;
    const { clock, intervalMs } = this.#options;
    const waitMs = this.#ranAt + intervalMs - clock.elapsedMs();
    if (waitMs <= 0) this.#run();
    else this.#cancel = clock.after(waitMs, () => this.#run());
  }

  /** Cancels the run that is due. Later requests keep the interval. */
  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #run(): void {
    this.#cancel = undefined;
    this.#ranAt = this.#options.clock.elapsedMs();
    this.#options.task();
  }
}
