/** Time as a dependency, so that tests advance it instead of sleeping. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `task` once, `delayMs` milliseconds from now; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` once, after the current turn of the event loop has handled the input that has already arrived. */
  afterTurn(task: () => void): void;
}

export const systemClock: Clock = {
  now: Date.now,
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
  afterTurn: setImmediate,
};
