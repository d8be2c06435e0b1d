import type { Channel, OpenChannel } from "../transport/channel.ts";
import type { Connection, Frame } from "../transport/connection.ts";
import { type JoinOutcome, Members } from "./members.ts";

/** One client in a room. */
export interface Member {
  /** Unique in its room. Whether the client chooses it, and who else may take it over, its dialect says. */
  readonly id: string;
  readonly connection: Connection;
}

/**
 * The members that hear each other's signals. It keeps no message: who is not there misses what is said.
 *
 * Every step is synchronous, so no member sees half of one: whoever resumes an id has it at once, without having left.
 */
export class SignalingRoom<M extends Member = Member> {
  readonly #channel: Channel;
  readonly #members: Members<M>;

  constructor(openChannel: OpenChannel, memberLimit: number) {
    this.#channel = openChannel();
    this.#members = new Members(memberLimit);
  }

  get size(): number {
    return this.#members.size;
  }

  /** In the order in which their ids entered. */
  [Symbol.iterator](): IterableIterator<M> {
    return this.#members[Symbol.iterator]();
  }

  find(id: string): M | undefined {
    return this.#members.find(id);
  }

  /** False also for a member whose id another one has resumed. */
  holds(member: M): boolean {
    return this.#members.holds(member);
  }

  /**
   * Idempotent. Another member with the same id gives way: its dialect has found out before that both are the same
   * client, closes the connection that has been replaced, and answers for what the others are told.
   */
  join(member: M): JoinOutcome {
    const known = this.#members.find(member.id);
    const entry = this.#members.join(member);
    if (entry === "resumed" && known !== undefined) this.#channel.leave(known.connection);
    if (entry !== "full") this.#channel.join(member.connection);
    return entry;
  }

  /** False, and nothing happens, when the member is not there (any more): whoever resumed its id stays. */
  leave(member: M): boolean {
    if (!this.#members.leave(member)) return false;
    this.#channel.leave(member.connection);
    return true;
  }

  /** To all members but the sender, which need not be one. */
  publish(frame: Frame, sender?: M): void {
    this.#channel.publish(frame, sender?.connection);
  }

  /** To one member, in order with what is published; false when nobody has the id. */
  send(id: string, frame: Frame): boolean {
    const receiver = this.#members.find(id);
    receiver?.connection.send(frame);
    return receiver !== undefined;
  }
}
