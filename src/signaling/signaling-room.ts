import type { Channel, OpenChannel } from "../transport/channel.ts";
import type { Connection } from "../transport/connection.ts";

/** The connections that hear each other's signals. It holds nothing else: who is not there misses what is said. */
export class SignalingRoom {
  readonly #channel: Channel;
  readonly #memberLimit: number;
  readonly #members = new Set<Connection>();

  constructor(openChannel: OpenChannel, memberLimit: number) {
    this.#channel = openChannel();
    this.#memberLimit = memberLimit;
  }

  get size(): number {
    return this.#members.size;
  }

  /** Idempotent; false if the room is full. */
  join(member: Connection): boolean {
    if (this.#members.has(member)) return true;
    if (this.#members.size >= this.#memberLimit) return false;
    this.#members.add(member);
    this.#channel.join(member);
    return true;
  }

  /** Idempotent. */
  leave(member: Connection): void {
    if (this.#members.delete(member)) this.#channel.leave(member);
  }

  /** To all members but the sender. */
  publish(frame: string, sender: Connection): void {
    this.#channel.publish(frame, sender);
  }
}
