import type { Clock } from "./clock.ts";

export interface IdleTaskOptions {
  /** Runs once, `delayMs` after the last `restart`, unless `isIdle` is false then. */
  readonly task: () => void;
  readonly isIdle: () => boolean;
  readonly delayMs: number;
  readonly clock: Clock;
}

/** Runs a disruptive task, such as a garbage collection, once nothing has happened for `delayMs`. */
export class IdleTask {
  readonly #options: IdleTaskOptions;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: IdleTaskOptions) {
    this.#options = options;
  }

  /** Reports an activity, which may have been the last one: the delay starts again. */
  restart(): void {
    this.#cancel?.();
    if (this.#isClosed) return;
    const { clock, delayMs, isIdle, task } = this.#options;
    this.#cancel = clock.after(delayMs, () => {
      if (isIdle()) task();
    });
  }

  /** Cancels the task for good. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }
}
