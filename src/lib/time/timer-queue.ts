import type { Clock } from "./clock.ts";

/** Timers count in 32 bits. */
const longestWaitMs = 2 ** 31 - 1;

interface Moment {
  readonly tasks: Set<() => void>;
  cancel: () => void;
}

/** Tasks for points in time, however far ahead: all that are for the same one share a timer. */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #moments = new Map<number, Moment>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#moments.size;
  }

  /** Runs `task` once, at `time` (epoch milliseconds) or, if that is past, soon; the returned function cancels it. */
  at(time: number, task: () => void): () => void {
    // Of its own, so that the same function can be there twice.
    const entry = () => task();
    const moment = this.#moments.get(time) ?? this.#open(time);
    moment.tasks.add(entry);
    return () => {
      if (!moment.tasks.delete(entry) || moment.tasks.size > 0 || this.#moments.get(time) !== moment) return;
      moment.cancel();
      this.#moments.delete(time);
    };
  }

  #open(time: number): Moment {
    const moment: Moment = { tasks: new Set(), cancel: () => {} };
    this.#moments.set(time, moment);
    this.#wait(time, moment);
    return moment;
  }

  #wait(time: number, moment: Moment): void {
    const waitMs = Math.max(0, time - this.#clock.now());
    moment.cancel = this.#clock.after(Math.min(waitMs, longestWaitMs), () => {
      if (waitMs > longestWaitMs) return this.#wait(time, moment);
      this.#moments.delete(time);
      for (const task of moment.tasks) {
        // Each may be cancelled by one before it.
        moment.tasks.delete(task);
        task();
      }
    });
  }
}
