import type { Clock } from "../../lib/time/clock.ts";
import type { Compactor } from "./compactor.ts";

/** The pause after a compaction: this many times as long as it took, within the bounds. */
const pauseFactor = 4;
const minPauseMs = 1_000;
const maxPauseMs = 10_000;

interface Turn {
  readonly isUrgent: boolean;
  start(): void;
}

/**
 * Bounds how often one document is compacted because its size has to be known.
 *
 * Clients decide how often that is: near the limit of a document each update may need it. One compaction runs at a
 * time, and each is followed by a pause, so that a document of any size keeps the compactor busy for a fraction of the
 * time. Callers wait meanwhile.
 */
export class CompactionPace {
  readonly #clock: Clock;
  readonly #waiting: Turn[] = [];
  #isRunning = false;
  #nextAt = 0;
  #endPause: (() => void) | undefined;
  readonly #compactorClosed: AbortSignal;
  readonly #close = () => this.close();
  #isClosed = false;

  /** When the compactor is closed, the tasks that wait run and find that out. */
  constructor(clock: Clock, { closed }: Pick<Compactor, "closed">) {
    this.#clock = clock;
    this.#compactorClosed = closed;
    if (closed.aborted) this.#isClosed = true;
    else closed.addEventListener("abort", this.#close);
  }

  /** Whether `run` would call its task now. */
  get isOpen(): boolean {
    return !this.#isRunning && this.#waiting.length === 0 && this.#clock.elapsedMs() >= this.#nextAt;
  }

  /** Runs `task` after the earlier ones and the pause. Settles as `task` does. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#enter(false, task);
  }

  /** As `run`, but before all tasks of `run` that wait: for a compaction that serves many callers. */
  runFirst<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.#enter(true, task);
  }

  /** Runs the waiting tasks without a pause, and every later one. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#compactorClosed.removeEventListener("abort", this.#close);
    this.#endPause?.();
  }

  async #enter<Result>(isUrgent: boolean, task: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((start) => {
      this.#wait({ isUrgent, start });
      this.#next();
    });
    const startedAt = this.#clock.elapsedMs();
    try {
      return await task();
    } finally {
      const endedAt = this.#clock.elapsedMs();
      this.#nextAt = endedAt + Math.min(maxPauseMs, Math.max(minPauseMs, pauseFactor * (endedAt - startedAt)));
      this.#isRunning = false;
      this.#next();
    }
  }

  #wait(turn: Turn): void {
    const firstOther = this.#waiting.findIndex(({ isUrgent }) => !isUrgent);
    if (turn.isUrgent && firstOther !== -1) this.#waiting.splice(firstOther, 0, turn);
    else this.#waiting.push(turn);
  }

  #next(): void {
    if (this.#isRunning || this.#endPause !== undefined || this.#waiting.length === 0) return;
    const pauseMs = this.#nextAt - this.#clock.elapsedMs();
    if (pauseMs > 0 && !this.#isClosed) {
      const cancel = this.#clock.after(pauseMs, () => this.#endPause?.());
      this.#endPause = () => {
        cancel();
        this.#endPause = undefined;
        this.#nextAt = 0;
        this.#next();
      };
      return;
    }
    this.#isRunning = true;
    this.#waiting.shift()?.start();
  }
}
