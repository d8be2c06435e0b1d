import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

/**
 * A descriptor that is kept for the moment when the process has no other left, as clients can open connections until the
 * system's limit (EMFILE).
 */
export class SpareDescriptor implements Disposable {
  #descriptor: number | undefined = openSync(devNull, "r");

  /** Runs a task that opens a file, and if it throws runs it again in place of the spare descriptor. Throws its error. */
  use<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      if (this.#descriptor === undefined) throw error;
    }
    this[Symbol.dispose]();
    try {
      return task();
    } finally {
      this.#reopen();
    }
  }

  /** Idempotent. */
  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #reopen(): void {
    try {
      this.#descriptor = openSync(devNull, "r");
    } catch {
      // Another thread has taken the descriptor.
    }
  }
}
