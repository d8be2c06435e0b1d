import { abortableWait } from "./abortable-wait.ts";

/**
 * A counting semaphore. Permits go to the waiting calls of each source in their order, and to several sources in turn,
 * one call of each.
 */
export class Semaphore {
  #free: number;
  /** The waiting calls by source, in the order of the sources' turns. No set is empty. */
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(permits: number) {
    this.#free = permits;
  }

  /** The number of calls of this source that wait. */
  waitingFrom(source: string): number {
    return this.#waiting.get(source)?.size ?? 0;
  }

  /** Resolves when the caller has a permit, which it gives back with `release`. Rejects with the signal's reason. */
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

  /** Must be called once for each `acquire` that resolved. */
  release(): void {
    for (const [source, waiting] of this.#waiting) {
      // The source that is served now goes behind all others.
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
