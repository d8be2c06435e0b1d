import type { Clock } from "./clock.ts";

/** The runtime's timers hold a delay in a signed 32-bit integer. */
const maxWaitMs = 2 ** 31 - 1;

/** One timer and the tasks that share it. */
interface SharedTimer {
  readonly tasks: Set<() => void>;
  cancel: () => void;
}

/** Runs tasks at points in time, however far ahead. Tasks for the same millisecond share a timer. */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #timers = new Map<number, SharedTimer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#timers.size;
  }

  /** Runs `task` once at `time` (epoch milliseconds), or soon if that is past. The returned function cancels it. */
  at(time: number, task: () => void): () => void {
    // A function of its own for each call, so that the same task can be queued twice.
    const entry = () => task();
    const timer = this.#timers.get(time) ?? this.#open(time);
    timer.tasks.add(entry);
    return () => {
      if (!timer.tasks.delete(entry) || timer.tasks.size > 0 || this.#timers.get(time) !== timer) return;
      timer.cancel();
      this.#timers.delete(time);
    };
  }

  #open(time: number): SharedTimer {
    const timer: SharedTimer = { tasks: new Set(), cancel: () => {} };
    this.#timers.set(time, timer);
    this.#wait(time, timer);
    return timer;
  }

  #wait(time: number, timer: SharedTimer): void {
    const waitMs = Math.max(0, time - this.#clock.now());
    timer.cancel = this.#clock.after(Math.min(waitMs, maxWaitMs), () => {
      if (waitMs > maxWaitMs) return this.#wait(time, timer);
      this.#timers.delete(time);
      for (const task of timer.tasks) {
        // A task may cancel one that comes after it.
        timer.tasks.delete(task);
        task();
      }
    });
  }
}
