import type { Turns } from "../../../src/transport/work.ts";

/** Turns that end and begin when the test says so. */
export class FakeTurns implements Turns {
  isOver = false;
  #waiting: (() => void)[] = [];

  delayedFrames = 0;

  get waiting(): number {
    return this.#waiting.length;
  }

  delayed(): void {
    this.delayedFrames += 1;
  }

  wait(task: () => void): void {
    this.#waiting.push(task);
  }

  /** Begins the client's next turn. */
  next(): void {
    this.isOver = false;
    for (const task of this.#waiting.splice(0)) task();
  }
}
