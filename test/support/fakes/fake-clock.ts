import type { Clock } from "../../../src/lib/time/clock.ts";

interface Timer {
  readonly dueAt: number;
  readonly task: () => void;
}

/** A clock whose time passes only when the test says so. */
export class FakeClock implements Clock {
  #elapsedMs = 0;
  #now: number;
  readonly #timers = new Set<Timer>();
  #turnTasks: (() => void)[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  elapsedMs(): number {
    return this.#elapsedMs;
  }

  /** Sets the time of day forward, or back. No time passes. */
  set(changeMs: number): void {
    this.#now += changeMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer: Timer = { dueAt: this.#elapsedMs + Math.max(0, delayMs), task };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  afterTurn(task: () => void): void {
    this.#turnTasks.push(task);
  }

  /** The number of timers that have not run yet. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Lets time pass: runs every timer that becomes due, each at its own time, timers started by timers included. */
  advance(durationMs: number): void {
    const end = this.#elapsedMs + durationMs;
    for (let timer = this.#nextDue(end); timer !== undefined; timer = this.#nextDue(end)) {
      this.#passUntil(Math.max(this.#elapsedMs, timer.dueAt));
      this.#timers.delete(timer);
      timer.task();
    }
    this.#passUntil(end);
  }

  /** Ends one turn: what its tasks start waits for the end of the next one. */
  endTurn(): void {
    const tasks = this.#turnTasks;
    this.#turnTasks = [];
    for (const task of tasks) task();
  }

  /** Ends turns until no task waits for the end of a turn. */
  runTurns(): void {
    while (this.#turnTasks.length > 0) this.endTurn();
  }

  #passUntil(elapsedMs: number): void {
    this.#now += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }

  /** The earliest timer up to `end`. Of several at the same time, it is the one that was started first. */
  #nextDue(end: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueAt <= end && (next === undefined || timer.dueAt < next.dueAt)) next = timer;
    }
    return next;
  }
}
