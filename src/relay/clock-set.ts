import { Ranges } from "../lib/ranges.ts";

/**
 * A set of clocks of many clients: what a document holds, what an update brings, what is deleted.
 *
 * A client whose clocks are one range from 0 costs a map entry: nearly all of a document's clients are such.
 */
export class ClockSet {
  /** By client: the end of its one range, when that starts at 0; else its ranges. */
  readonly #clients = new Map<number, number | Ranges>();
  #fragmented = 0;

  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  /** Whether some client's clocks are anything but one range from 0. */
  get hasGaps(): boolean {
    return this.#fragmented > 0;
  }

  has(client: number): boolean {
    return this.#clients.has(client);
  }

  add(client: number, start: number, end: number): void {
    if (start >= end) return;
    const held = this.#clients.get(client) ?? 0;
    if (typeof held === "number" && start <= held) {
      if (end > held) this.#clients.set(client, end);
      return;
    }
    const ranges = this.#fragment(client);
    ranges.add(start, end);
    this.#settle(client, ranges);
  }

  addAll(other: ClockSet): void {
    for (const [client, added] of other.#clients) {
      if (typeof added === "number") {
        this.add(client, 0, added);
        continue;
      }
      const ranges = this.#fragment(client);
      ranges.addAll(added);
      this.#settle(client, ranges);
    }
  }

  clear(): void {
    this.#clients.clear();
    this.#fragmented = 0;
  }

  /** The end of the range that holds `clock`; `clock` itself when none does. */
  reach(client: number, clock: number): number {
    const held = this.#clients.get(client) ?? 0;
    return typeof held === "number" ? Math.max(held, clock) : held.reach(clock);
  }

  /** By client, the end of the range that starts at 0, where there is one. */
  stateVector(): Map<number, number> {
    const vector = new Map<number, number>();
    for (const client of this.#clients.keys()) {
      const end = this.reach(client, 0);
      if (end > 0) vector.set(client, end);
    }
    return vector;
  }

  /** Whether `sets` together hold every clock of this one. */
  isWithin(...sets: readonly ClockSet[]): boolean {
    for (const [client, held] of this.#clients) {
      const isClientWithin =
        typeof held === "number"
          ? areHeld(sets, client, 0, held)
          : held.every((start, end) => areHeld(sets, client, start, end));
      if (!isClientWithin) return false;
    }
    return true;
  }

  /** Whether this set and `sets` together lack a clock below one that this set holds of the same client. */
  leavesGap(...sets: readonly ClockSet[]): boolean {
    const all = [this, ...sets];
    for (const [client, held] of this.#clients) {
      const end = typeof held === "number" ? held : held.end;
      if (!areHeld(all, client, 0, end)) return true;
    }
    return false;
  }

  /** The client's clocks as ranges, to be changed and then settled. */
  #fragment(client: number): Ranges {
    const held = this.#clients.get(client) ?? 0;
    if (typeof held !== "number") return held;
    const ranges = new Ranges();
    ranges.add(0, held);
    this.#clients.set(client, ranges);
    this.#fragmented += 1;
    return ranges;
  }

  #settle(client: number, ranges: Ranges): void {
    const end = ranges.reach(0);
    if (ranges.count > 1 || end === 0) return;
    this.#clients.set(client, end);
    this.#fragmented -= 1;
  }
}

/** Whether `sets` together hold these clocks. It goes no further than `end`: they may take turns a million times. */
function areHeld(sets: readonly ClockSet[], client: number, start: number, end: number): boolean {
  let reached = start;
  let before: number;
  do {
    before = reached;
    for (const set of sets) reached = set.reach(client, reached);
  } while (reached > before && reached < end);
  return reached >= end;
}
