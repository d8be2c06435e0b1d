import type { NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Member } from "../signaling-room.ts";
import type { AnnouncementOrder } from "./forwarded-codec.ts";

/** Announcements cross for as long as a message takes from node to node. After this time one of them has been lost. */
const crossingMs = 1_000;

interface Announced {
  readonly number: number;
  /** Elapsed milliseconds of the clock. */
  readonly at: number;
}

/**
 * Announcements of subscribers on two nodes that pass each other on the way.
 *
 * Both subscribers would call each other at the same time; `AnnouncementHoldback` says why only one of them may. Each
 * announcement says which ones its node had received before. So both nodes see that two have crossed, and the sender on
 * the node with the smaller id does not receive the other one's announcement.
 */
export class AnnouncementCrossings {
  readonly #node: NodeId;
  readonly #clock: Clock;
  /** The number of announcements that this node has sent to others. */
  #sent = 0;
  readonly #heard = new Map<NodeId, number>();
  /** How many had been sent when each node opened the topic: it has not received these, and they cross nothing. */
  readonly #sentBefore = new Map<NodeId, number>();
  readonly #announced = new WeakMap<Member, Announced>();

  constructor(node: NodeId, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  /** A node has opened the topic, or opens it again. */
  opened(node: NodeId): void {
    this.#sentBefore.set(node, this.#sent);
  }

  /** A subscriber of this node announces itself to the other nodes. */
  sending(sender: Member): AnnouncementOrder {
    this.#sent += 1;
    this.#announced.set(sender, { number: this.#sent, at: this.#clock.elapsedMs() });
    return { number: this.#sent, heard: this.#heard };
  }

  /** An announcement of another node has come. */
  received(from: NodeId, { number }: AnnouncementOrder): void {
    this.#heard.set(from, number);
  }

  /** Whether a receiver does not get an announcement of another node, because its own one has crossed it and is delivered. */
  isDropped(receiver: Member, from: NodeId, { heard }: AnnouncementOrder): boolean {
    const own = this.#announced.get(receiver);
    if (own === undefined || this.#node > from) return false;
    const known = Math.max(heard.get(this.#node) ?? 0, this.#sentBefore.get(from) ?? 0);
    return own.number > known && this.#clock.elapsedMs() - own.at < crossingMs;
  }
}
