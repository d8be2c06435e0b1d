import type { Turns } from "../../../src/transport/work.ts";

/** Turns that end and begin when the test says so. Work that waits in a turn that is not over goes on at once. */
export class FakeTurns implements Turns {
  isOver = false;
  /** Whether work in steps waits after each of them until `next`. */
  isStepwise = false;
  #waiting: (() => void)[] = [];

  delayedFrames = 0;

  get waiting(): number {
    return this.#waiting.length;
  }

  delayed(): void {
    this.delayedFrames += 1;
  }

  wait(task: () => void): void {
    if (this.isOver || this.isStepwise) this.#waiting.push(task);
    else task();
  }

  /** Begins the client's next turn. */
  next(): void {
    this.isOver = false;
    for (const task of this.#waiting.splice(0)) task();
  }
}
