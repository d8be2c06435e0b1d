import { abortableWait } from "./abortable-wait.ts";

/** So many at a time. Who has to wait is let in in the order of coming; of several sources, one of each in turn. */
export class Semaphore {
  #free: number;
  /** By source, that whose turn is next first. None is empty. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(permits: number) {
    this.#free = permits;
  }

  /** How many of that source wait. */
  waitingFrom(source: string): number {
    return this.#waiting.get(source)?.size ?? 0;
  }

  /** Resolves when a permit is there, to be given back with `release`; rejects with the signal's reason. */
  async acquire(signal: AbortSignal, source = ""): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const isAcquired = await abortableWait(signal, (acquired) => {
      this.#wait(source, acquired);
      return () => this.#forget(source, acquired);
    });
    if (!isAcquired) throw signal.reason;
  }

  /** Once for each `acquire` that resolved. */
  release(): void {
    for (const [source, waiting] of this.#waiting) {
      // Behind all others.
      this.#waiting.delete(source);
      this.#waiting.set(source, waiting);
      for (const next of waiting) {
        this.#forget(source, next);
        next();
        return;
      }
    }
    this.#free += 1;
  }

  #wait(source: string, resolve: () => void): void {
    const waiting = this.#waiting.get(source) ?? new Set();
    waiting.add(resolve);
    this.#waiting.set(source, waiting);
  }

  #forget(source: string, resolve: () => void): void {
    const waiting = this.#waiting.get(source);
    waiting?.delete(resolve);
    if (waiting?.size === 0) this.#waiting.delete(source);
  }
}
