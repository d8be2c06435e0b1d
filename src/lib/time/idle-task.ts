import type { Clock } from "./clock.ts";

export interface IdleTaskOptions {
  /** Run once, when `delayMs` have passed since the last `stir`, unless something is going on again. */
  readonly task: () => void;
  readonly isIdle: () => boolean;
  readonly delayMs: number;
  readonly clock: Clock;
}

/** Something that would disturb whoever is there, for when nobody is. */
export class IdleTask {
  readonly #options: IdleTaskOptions;
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(options: IdleTaskOptions) {
    this.#options = options;
  }

  /** It may have become quiet. */
  stir(): void {
    this.#cancel?.();
    if (this.#isClosed) return;
    const { clock, delayMs, isIdle, task } = this.#options;
    this.#cancel = clock.after(delayMs, () => {
      if (isIdle()) task();
    });
  }

  /** It runs no more. */
  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }
}
