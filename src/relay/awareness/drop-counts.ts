import type { TableBound } from "./awareness-table.ts";

/** The bounds of awareness: options, and the highest clock, which is a constant. */
export type AwarenessBound = TableBound | "limits.awareness-frame-bytes" | "awareness-clock";

/** The entries of one bound that were dropped in one step. */
export interface Drops {
  readonly count: number;
  /** The size of the first one. */
  readonly detail: string;
}

/** Counts the entries of an awareness update that are dropped, by their bound, so that each bound is reported once. */
export class DropCounts {
  readonly #drops = new Map<AwarenessBound, { count: number; readonly detail: string }>();

  add(bound: AwarenessBound, detail: () => string, count = 1): void {
    const drops = this.#drops.get(bound);
    if (drops === undefined) this.#drops.set(bound, { count, detail: detail() });
    else drops.count += count;
  }

  /** Reports the counts and forgets them. */
  report(dropped: (bound: AwarenessBound, drops: Drops) => void): void {
    if (this.#drops.size === 0) return;
    for (const [bound, drops] of this.#drops) dropped(bound, drops);
    this.#drops.clear();
  }
}
