/** Time as a dependency, so that tests advance it instead of sleeping. */
export interface Clock {
  /**
   * The time of day, in epoch milliseconds, for times that other programs give or read. The system may set it forward or
   * back at any moment: durations are measured by `elapsedMs`.
   */
  now(): number;
  /** Milliseconds on a clock that runs evenly and is never set. Only differences mean something. */
  elapsedMs(): number;
  /** Runs `task` once, `delayMs` milliseconds from now, as `elapsedMs` counts; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` once, after the current turn of the event loop has handled the input that has already arrived. */
  afterTurn(task: () => void): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsedMs: () => performance.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  afterTurn: setImmediate,
};
