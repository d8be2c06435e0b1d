import { Ranges } from "../../lib/ranges.ts";

/** Up to this many ranges of a client are added one by one; more are merged in one pass. */
const fewRanges = 8;

/** By client: the end of its one range when that starts at 0, otherwise its ranges. */
type RangesByClient = Map<number, number | Ranges>;

const noClocks: ReadonlyMap<number, number> = new Map();

/**
 * A set of clocks of many clients: those that a document holds, that an update inserts, or that are deleted.
 *
 * One range of one client is kept without a map, because a keystroke inserts or deletes exactly that. In the map, a
 * client whose clocks are one range from 0 costs no more than its entry: nearly all clients of a document are such.
 */
export class IdSet {
  /** The range of the only client, while the set is one range of one client; empty when the set is empty. */
  #client = 0;
  #start = 0;
  #end = 0;
  /** All clocks, once one range of one client is not enough; undefined until then. */
  #clients: RangesByClient | undefined;
  /** The number of clients in `#clients` whose clocks are not one range from 0. */
  #fragmented = 0;

  get isEmpty(): boolean {
    return this.#clients === undefined && this.#end === 0;
  }

  /** Whether the clocks of at least one client are not one range from 0. */
  get hasGaps(): boolean {
    return this.#clients === undefined ? this.#start > 0 : this.#fragmented > 0;
  }

  /** The number of clocks of all clients. */
  get clockCount(): number {
    let count = 0;
    this.#forEach((_, start, end) => {
      count += end - start;
    });
    return count;
  }

  /** The number of ranges of all clients. */
  get rangeCount(): number {
    if (this.#clients === undefined) return this.#end > 0 ? 1 : 0;
    // Each client has one at least.
    let count = this.#clients.size;
    if (this.#fragmented > 0)
      for (const held of this.#clients.values()) if (typeof held !== "number") count += held.count - 1;
    return count;
  }

  get clientCount(): number {
    return this.#clients?.size ?? (this.#end > 0 ? 1 : 0);
  }

  has(client: number): boolean {
    return this.#clients === undefined ? this.#end > 0 && client === this.#client : this.#clients.has(client);
  }

  /** The number of its clients that none of `sets` has. */
  clientsBeyond(sets: readonly IdSet[]): number {
    let count = 0;
    this.#forEachClient((client) => {
      if (!sets.some((set) => set.has(client))) count += 1;
    });
    return count;
  }

  add(client: number, start: number, end: number): void {
    if (start >= end) return;
    if (this.#clients === undefined && this.#extend(client, start, end)) return;
    this.#addTo(this.#toMap(), client, start, end);
  }

  addAll(other: IdSet): void {
    if (other.#clients === undefined) {
      this.add(other.#client, other.#start, other.#end);
      return;
    }
    const clients = this.#toMap();
    for (const [client, added] of other.#clients) {
      if (typeof added === "number") {
        this.add(client, 0, added);
      } else if (added.count <= fewRanges) {
        added.forEach((start, end) => {
          this.add(client, start, end);
        });
      } else {
        const ranges = this.#toRanges(clients, client);
        ranges.addAll(added);
        this.#simplify(clients, client, ranges);
      }
    }
  }

  /** As `addAll`, but fast also when `other` is larger. `other` must not be used afterwards. */
  absorb(other: IdSet): void {
    const [clients, others] = [this.#clients, other.#clients];
    if (others === undefined || others.size <= this.clientCount) {
      this.addAll(other);
      return;
    }
    const rest = new IdSet();
    if (clients === undefined) rest.add(this.#client, this.#start, this.#end);
    else [rest.#clients, rest.#fragmented] = [clients, this.#fragmented];
    [this.#clients, this.#fragmented] = [others, other.#fragmented];
    this.addAll(rest);
  }

  clear(): void {
    this.#client = 0;
    this.#start = 0;
    this.#end = 0;
    this.#clients = undefined;
    this.#fragmented = 0;
  }

  /** The end of the range that holds `clock`; `clock` itself when none does. */
  reach(client: number, clock: number): number {
    if (this.#clients === undefined) {
      return client === this.#client && clock >= this.#start && clock < this.#end ? this.#end : clock;
    }
    const held = this.#clients.get(client) ?? 0;
    return typeof held === "number" ? Math.max(held, clock) : held.reach(clock);
  }

  /** The first clock from `clock` on that is in the set; infinity when there is none. */
  next(client: number, clock: number): number {
    if (this.#clients === undefined) {
      return client === this.#client && clock < this.#end ? Math.max(clock, this.#start) : Number.POSITIVE_INFINITY;
    }
    const held = this.#clients.get(client) ?? 0;
    if (typeof held !== "number") return held.next(clock);
    return clock < held ? clock : Number.POSITIVE_INFINITY;
  }

  /** Visits each client with the end of its range that starts at 0; clients without such a range are left out. */
  forEachReach(visit: (client: number, end: number) => void): void {
    this.#forEachClient((client) => {
      const end = this.reach(client, 0);
      if (end > 0) visit(client, end);
    });
  }

  /** Returns for each client the end of its range that starts at 0. Clients without such a range are left out. */
  stateVector(): Map<number, number> {
    const vector = new Map<number, number>();
    this.forEachReach((client, end) => vector.set(client, end));
    return vector;
  }

  /** Every client with its ranges. */
  *[Symbol.iterator](): Generator<readonly [client: number, ranges: Ranges]> {
    if (this.#clients === undefined) {
      if (this.#end > 0) yield [this.#client, oneRange(this.#start, this.#end)];
      return;
    }
    for (const [client, held] of this.#clients) yield [client, asRanges(held)];
  }

  /**
   * The set in parts of about `maxRanges` ranges, for work that gives control back in between. Only a client with more
   * ranges than that is in more than one part.
   */
  *parts(maxRanges: number): Generator<IdSet, void> {
    let part = new IdSet();
    let count = 0;
    if (this.#clients === undefined) {
      yield this;
      return;
    }
    for (const [client, held] of this.#clients) {
      for (const [start, end] of typeof held === "number" ? [[0, held] as const] : held) {
        part.add(client, start, end);
        count += 1;
        if (count < maxRanges) continue;
        yield part;
        part = new IdSet();
        count = 0;
      }
    }
    if (count > 0) yield part;
  }

  /** Whether `sets` together hold every clock of this one. */
  isWithin(sets: readonly IdSet[]): boolean {
    if (this.#clients === undefined) return reachOf(sets, this.#client, this.#start, this.#end) >= this.#end;
    for (const [client, held] of this.#clients) {
      if (typeof held === "number") {
        if (reachOf(sets, client, 0, held) < held) return false;
        continue;
      }
      if (!held.every((start, end) => reachOf(sets, client, start, end) >= end)) return false;
    }
    return true;
  }

  /** Whether at least one of `sets` holds a clock of this one. */
  overlaps(sets: readonly IdSet[]): boolean {
    if (this.#clients === undefined) return nextOf(sets, this.#client, this.#start) < this.#end;
    for (const [client, held] of this.#clients) {
      if (typeof held === "number") {
        if (nextOf(sets, client, 0) < held) return true;
        continue;
      }
      if (!held.every((start, end) => nextOf(sets, client, start) >= end)) return true;
    }
    return false;
  }

  /** The clocks of this set that none of `sets` holds. */
  without(sets: readonly IdSet[]): IdSet {
    const rest = new IdSet();
    this.#forEach((client, start, end) => {
      let clock = start;
      while (clock < end) {
        const next = Math.min(end, nextOf(sets, client, clock));
        rest.add(client, clock, next);
        clock = reachOf(sets, client, next, end);
      }
    });
    return rest;
  }

  /**
   * Returns for each client of this set the clock up to which `sets` together hold everything. A client is left out
   * when that clock is not beyond its first one in this set.
   */
  repeatedUpTo(sets: readonly IdSet[]): ReadonlyMap<number, number> {
    if (this.#clients === undefined) {
      const reached = reachOf(sets, this.#client, 0, this.#end);
      return reached > this.#start ? new Map([[this.#client, reached]]) : noClocks;
    }
    const repeated = new Map<number, number>();
    for (const [client, held] of this.#clients) {
      const [start, end] = typeof held === "number" ? [0, held] : [held.next(0), held.end];
      const reached = reachOf(sets, client, 0, end);
      if (reached > start) repeated.set(client, reached);
    }
    return repeated;
  }

  /** Whether this set holds a clock below which, for the same client, this set and `sets` together lack one. */
  leavesGap(sets: readonly IdSet[]): boolean {
    if (this.#clients === undefined) return reachOf(sets, this.#client, 0, this.#start) < this.#start;
    const all = [this, ...sets];
    for (const [client, held] of this.#clients) {
      const end = typeof held === "number" ? held : held.end;
      if (reachOf(all, client, 0, end) < end) return true;
    }
    return false;
  }

  #forEachClient(visit: (client: number) => void): void {
    if (this.#clients !== undefined) for (const client of this.#clients.keys()) visit(client);
    else if (this.#end > 0) visit(this.#client);
  }

  #forEach(visit: (client: number, start: number, end: number) => void): void {
    if (this.#clients === undefined) {
      if (this.#end > 0) visit(this.#client, this.#start, this.#end);
      return;
    }
    for (const [client, held] of this.#clients) {
      if (typeof held === "number") {
        visit(client, 0, held);
        continue;
      }
      held.forEach((start, end) => {
        visit(client, start, end);
      });
    }
  }

  /** Adds to the one range; returns false, and adds nothing, when the result would not be one range of one client. */
  #extend(client: number, start: number, end: number): boolean {
    if (this.#end === 0) {
      this.#client = client;
      this.#start = start;
      this.#end = end;
      return true;
    }
    if (client !== this.#client || start > this.#end || end < this.#start) return false;
    this.#start = Math.min(start, this.#start);
    this.#end = Math.max(end, this.#end);
    return true;
  }

  /** Moves the clocks into the map, where they stay. */
  #toMap(): RangesByClient {
    if (this.#clients !== undefined) return this.#clients;
    const clients: RangesByClient = new Map();
    this.#clients = clients;
    this.#addTo(clients, this.#client, this.#start, this.#end);
    return clients;
  }

  #addTo(clients: RangesByClient, client: number, start: number, end: number): void {
    if (start >= end) return;
    const held = clients.get(client) ?? 0;
    if (typeof held === "number" && start <= held) {
      if (end > held) clients.set(client, end);
      return;
    }
    const ranges = this.#toRanges(clients, client);
    ranges.add(start, end);
    this.#simplify(clients, client, ranges);
  }

  /** The client's clocks as ranges. The caller changes them and then calls `#simplify`. */
  #toRanges(clients: RangesByClient, client: number): Ranges {
    const held = clients.get(client) ?? 0;
    if (typeof held !== "number") return held;
    const ranges = asRanges(held);
    clients.set(client, ranges);
    this.#fragmented += 1;
    return ranges;
  }

  /** Stores a single range from 0 as its end again. */
  #simplify(clients: RangesByClient, client: number, ranges: Ranges): void {
    const end = ranges.reach(0);
    if (ranges.count > 1 || end === 0) return;
    clients.set(client, end);
    this.#fragmented -= 1;
  }
}

function asRanges(held: number | Ranges): Ranges {
  return typeof held === "number" ? oneRange(0, held) : held;
}

function oneRange(start: number, end: number): Ranges {
  const ranges = new Ranges();
  ranges.add(start, end);
  return ranges;
}

/**
 * The clock up to which `sets` together hold everything from `clock` on. The search stops at `end`: sets whose ranges
 * alternate could be followed without end.
 */
function reachOf(sets: readonly IdSet[], client: number, clock: number, end: number): number {
  let reached = clock;
  let before: number;
  do {
    before = reached;
    for (const set of sets) reached = set.reach(client, reached);
  } while (reached > before && reached < end);
  return reached;
}

/** The first clock from `clock` on that at least one of `sets` holds; infinity when there is none. */
function nextOf(sets: readonly IdSet[], client: number, clock: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const set of sets) next = Math.min(next, set.next(client, clock));
  return next;
}
