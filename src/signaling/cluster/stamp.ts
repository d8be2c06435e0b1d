import type { NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";

/** When an id was claimed. No two claims in a cluster have the same stamp, and all nodes put them in the same order. */
export interface Stamp {
  /** Epoch milliseconds, raised above every stamp that the node has seen. */
  readonly at: number;
  readonly node: NodeId;
}

export function isEarlier(left: Stamp, right: Stamp): boolean {
  return left.at === right.at ? left.node < right.node : left.at < right.at;
}

export function isSameStamp(left: Stamp, right: Stamp): boolean {
  return left.at === right.at && left.node === right.node;
}

/**
 * Makes the stamps of one node. A stamp is later than all that the node has seen (Lamport 1978): clocks that differ
 * change which of two claims wins, and not that all nodes agree on it.
 */
export class StampClock {
  readonly #node: NodeId;
  readonly #clock: Clock;
  #latest = 0;

  constructor(node: NodeId, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  next(): Stamp {
    // Messages between nodes carry whole milliseconds.
    this.#latest = Math.max(Math.floor(this.#clock.now()), this.#latest + 1);
    return { at: this.#latest, node: this.#node };
  }

  /** Takes note of a stamp of another node. */
  observe({ at }: Stamp): void {
    this.#latest = Math.max(this.#latest, at);
  }
}
