import type { Clock } from "./clock.ts";

export interface TimeoutsOptions<T> {
  readonly durationMs: number;
  readonly clock: Clock;
  /** The timeout of `item` has expired. The item is removed before this call. */
  readonly expired: (item: T) => void;
}

/** Many timeouts of one duration that share one timer: they expire in the order in which they were set. */
export class Timeouts<T> {
  readonly #options: TimeoutsOptions<T>;
  readonly #dueAt = new Map<T, number>();
  #stopTimer: (() => void) | undefined;

  constructor(options: TimeoutsOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#dueAt.size;
  }

  /** Starts the timeout of `item`, or restarts it. */
  set(item: T): void {
    const { clock, durationMs } = this.#options;
    this.#dueAt.delete(item);
    this.#dueAt.set(item, clock.elapsedMs() + durationMs);
    this.#stopTimer ??= clock.after(durationMs, () => this.#expire());
  }

  /** Cancels the timeout of `item`. Idempotent. The timer runs on while items remain; at worst it fires early. */
  clear(item: T): void {
    if (!this.#dueAt.delete(item) || this.#dueAt.size > 0) return;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #expire(): void {
    const { clock, expired } = this.#options;
    this.#stopTimer = undefined;
    const now = clock.elapsedMs();
    const due: T[] = [];
    for (const [item, dueAt] of this.#dueAt) {
      if (dueAt > now) break;
      due.push(item);
      this.#dueAt.delete(item);
    }
    const [next] = this.#dueAt.values();
    if (next !== undefined) this.#stopTimer = clock.after(next - now, () => this.#expire());
    for (const item of due) expired(item);
  }
}
