import type { Clock } from "./clock.ts";

/** The runtime's timers hold a delay in a signed 32-bit integer. */
const maxWaitMs = 2 ** 31 - 1;
/** How often the queue looks whether the time of day was set. */
const checkMs = 60_000;
/** A smaller change is the system's correction of its clock, and too small to matter. */
const smallestChangeMs = 1_000;

/** One timer and the tasks that share it. */
interface SharedTimer {
  readonly tasks: Set<() => void>;
  cancel: () => void;
}

/**
 * Runs tasks at times of the day, however far ahead. Tasks for the same millisecond share a timer.
 *
 * If the time of day is set back, tasks wait longer. If it is set forward, those whose time has passed run within a minute.
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #timers = new Map<number, SharedTimer>();
  /** The time of day at which `elapsedMs` was 0, when the timers were started. */
  #zeroAt = 0;
  #cancelCheck: (() => void) | undefined;

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
      this.#forget(time);
    };
  }

  #open(time: number): SharedTimer {
    const timer: SharedTimer = { tasks: new Set(), cancel: () => {} };
    this.#timers.set(time, timer);
    if (this.#cancelCheck === undefined) this.#checkLater();
    this.#wait(time, timer);
    return timer;
  }

  #forget(time: number): void {
    this.#timers.delete(time);
    if (this.#timers.size > 0) return;
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
  }

  #wait(time: number, timer: SharedTimer): void {
    const waitMs = Math.min(maxWaitMs, Math.max(0, time - this.#clock.now()));
    timer.cancel = this.#clock.after(waitMs, () => {
      if (time > this.#clock.now()) return this.#wait(time, timer);
      this.#forget(time);
      for (const task of timer.tasks) {
        // A task may cancel one that comes after it.
        timer.tasks.delete(task);
        task();
      }
    });
  }

  #checkLater(): void {
    this.#zeroAt = this.#clock.now() - this.#clock.elapsedMs();
    this.#cancelCheck = this.#clock.after(checkMs, () => {
      const changeMs = this.#clock.now() - this.#clock.elapsedMs() - this.#zeroAt;
      if (Math.abs(changeMs) >= smallestChangeMs) this.#startAgain();
      this.#checkLater();
    });
  }

  #startAgain(): void {
    for (const [time, timer] of this.#timers) {
      timer.cancel();
      this.#wait(time, timer);
    }
  }
}
