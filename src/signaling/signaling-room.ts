/*
 * The rooms of the signaling dialects. There are five, because the wire formats differ in what a room is:
 *
 * - `SignalingRoom`, below: members by id, and a channel to all of them. It keeps no message and no description. Cliffy
 *   and OctateCode's dialects without tokens need no more: their `PeerRoom` adds the peers on other nodes of a cluster.
 * - `Topic` (y-webrtc) has a `SignalingRoom` inside. Its subscribers choose no ids; their messages name peer ids, which a
 *   topic remembers in order to send an addressed message to one subscriber instead of to all. It also holds back
 *   announcements that would cross.
 * - `OctateRoom` (OctateCode) has a `SignalingRoom` inside as well, but sends to each member by itself, because clients
 *   spell message types in two ways. Its host describes it, HTTP lists it, and it exists for minutes without a member.
 *   `RoomRegistry` closes rooms without members, so these have a registry of their own, `OctateRooms`.
 * - `PeerJsNamespace` (PeerJS) is no room: its clients join nothing and publish nothing. They are found by id, and a
 *   message for an id that is not connected yet waits in a `Mailbox`.
 * - `Devices` (Peers) has a `Mailbox` too. A device is in several groups at once and is also known to devices that it has
 *   exchanged messages with, so the set of receivers is computed for each device, and no channel fits it.
 *
 * The first two are opened by a `RoomRegistry` per dialect: rooms of one name in two dialects never meet, though one
 * permission is good for both.
 */
import type { Channel, OpenChannel } from "../transport/channel.ts";
import type { Connection, Frame } from "../transport/connection.ts";
import { type JoinOutcome, Members } from "./members.ts";
import type { MessageWatcher, WatchedRoom } from "./signaling-rooms.ts";

/** One client in a room. */
export interface Member {
  /** Unique in its room. The dialect decides whether the client chooses it, and which client may take it over. */
  readonly id: string;
  readonly connection: Connection;
}

/**
 * The members that receive each other's signals. It keeps no message: a client that joins later misses it.
 *
 * Every step is synchronous, so no member sees one half done: an id that is taken over has not left in between.
 */
export class SignalingRoom<M extends Member = Member> implements WatchedRoom {
  /** The dialect calls it, since only the dialect knows which frames are messages of members. */
  watcher: MessageWatcher | undefined;
  readonly #channel: Channel;
  readonly #members: Members<M>;

  constructor(openChannel: OpenChannel, memberLimit: number) {
    this.#channel = openChannel();
    this.#members = new Members(memberLimit);
  }

  get size(): number {
    return this.#members.size;
  }

  /** Iterates in the order in which the ids joined. */
  [Symbol.iterator](): IterableIterator<M> {
    return this.#members[Symbol.iterator]();
  }

  find(id: string): M | undefined {
    return this.#members.find(id);
  }

  /** Whether the room holds `member`; false also when another member has taken over its id. */
  holds(member: M): boolean {
    return this.#members.holds(member);
  }

  /**
   * Idempotent. Another member with the same id is replaced: the dialect has made sure before that both are the same
   * client, closes the replaced connection, and tells the other members what they need to know. `others` members of the
   * room on other nodes count as well.
   */
  join(member: M, others?: number): JoinOutcome {
    const known = this.#members.find(member.id);
    const outcome = this.#members.join(member, others);
    if (outcome === "resumed" && known !== undefined) this.#channel.leave(known.connection);
    if (outcome !== "full") this.#channel.join(member.connection);
    return outcome;
  }

  /** Returns false and changes nothing for a member that has left, or whose id another one has taken over. */
  leave(member: M): boolean {
    if (!this.#members.leave(member)) return false;
    this.#channel.leave(member.connection);
    return true;
  }

  /** Sends a frame to all members but the sender, which need not be a member. */
  publish(frame: Frame, sender?: M): void {
    this.#channel.publish(frame, sender?.connection);
  }

  /** Sends a frame to one member, in order with what is published. Returns false when no member has the id. */
  send(id: string, frame: Frame): boolean {
    const receiver = this.#members.find(id);
    receiver?.connection.send(frame);
    return receiver !== undefined;
  }
}
