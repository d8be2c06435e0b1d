import type { Clock } from "../../lib/time/clock.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import type { Connection } from "../../transport/connection.ts";
import { type Member, SignalingRoom } from "../signaling-room.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import { AnnouncementHoldback, holdbackMs } from "./announcement-holdback.ts";

const noPeerIds: readonly string[] = [];

/** A connection that is subscribed to one topic. */
export class Subscriber implements Member {
  readonly id: string;
  readonly connection: Connection;
  /** The id of its user; undefined if unknown. */
  readonly user: string | undefined;
  /** The peer ids that it has used lately, the most recent last. Written by its topic only. */
  peerIds = noPeerIds;
  /**
   * The time (epoch milliseconds) until which its announcement is expected; 0 once it has sent anything. Written by its
   * topic only.
   */
  announcementDueAt = 0;

  constructor(connection: Connection, user?: string) {
    this.id = connection.id;
    this.connection = connection;
    this.user = user;
  }
}

export interface TopicOptions {
  readonly openChannel: OpenChannel;
  readonly memberLimit: number;
  /** How many peer ids of a subscriber are remembered: a page has a new one each time its provider reconnects. */
  readonly peerIdsPerSubscriber: number;
  readonly clock: Clock;
}

/**
 * The subscribers of one topic, and the peer ids that they use.
 *
 * A message for a peer id that exactly one subscriber uses is sent to that subscriber alone. A peer id may have several
 * users (a dead socket that has not been closed yet, a page with two sockets, an impostor); each is as likely as the
 * others to be the receiver, so such a message is published.
 *
 * When two subscribers announce themselves at the same time, only one receives the other's: see `AnnouncementHoldback`.
 */
export class Topic implements WatchedRoom {
  watcher: MessageWatcher | undefined;
  readonly #room: SignalingRoom<Subscriber>;
  readonly #peerIdsPerSubscriber: number;
  readonly #users = new Map<string, readonly Subscriber[]>();
  readonly #clock: Clock;
  /** After this time (epoch milliseconds) no subscriber's announcement is expected. */
  #lastAnnouncementDueAt = 0;
  /** Undefined until an announcement is held back: most topics never have any. */
  #holdback: AnnouncementHoldback | undefined;

  constructor({ openChannel, memberLimit, peerIdsPerSubscriber, clock }: TopicOptions) {
    this.#room = new SignalingRoom(openChannel, memberLimit);
    this.#peerIdsPerSubscriber = peerIdsPerSubscriber;
    this.#clock = clock;
  }

  get size(): number {
    return this.#room.size;
  }

  [Symbol.iterator](): IterableIterator<Subscriber> {
    return this.#room[Symbol.iterator]();
  }

  get connections(): Iterable<Connection> {
    return Array.from(this.#room, ({ connection }) => connection);
  }

  /** False if the topic is full. */
  join(subscriber: Subscriber): boolean {
    if (this.#room.join(subscriber) === "full") return false;
    subscriber.announcementDueAt = this.#clock.elapsedMs() + holdbackMs;
    this.#lastAnnouncementDueAt = subscriber.announcementDueAt;
    return true;
  }

  leave(subscriber: Subscriber): void {
    this.#room.leave(subscriber);
    this.#holdback?.drop(subscriber);
    for (const peerId of subscriber.peerIds) this.#forget(subscriber, peerId);
    subscriber.peerIds = noPeerIds;
  }

  /** Records that a subscriber uses `peerId`. Beyond the bound, its least recently used peer id is forgotten. */
  recordPeerId(subscriber: Subscriber, peerId: string): void {
    const { peerIds } = subscriber;
    if (peerIds.at(-1) === peerId) return;
    if (peerIds.includes(peerId)) {
      subscriber.peerIds = [...peerIds.filter((known) => known !== peerId), peerId];
      return;
    }
    const [oldest] = peerIds.length < this.#peerIdsPerSubscriber ? [] : peerIds;
    if (oldest !== undefined) this.#forget(subscriber, oldest);
    subscriber.peerIds = [...(oldest === undefined ? peerIds : peerIds.slice(1)), peerId];
    this.#users.set(peerId, [...(this.#users.get(peerId) ?? []), subscriber]);
  }

  /** The only subscriber that uses `peerId`; undefined if none or several do. */
  userOf(peerId: string): Subscriber | undefined {
    const users = this.#users.get(peerId);
    return users?.length === 1 ? users[0] : undefined;
  }

  /** Sends an announcement to all subscribers but the sender, except those from which it is held back. */
  announce(frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.drop(sender);
    const now = this.#clock.elapsedMs();
    if (now >= this.#lastAnnouncementDueAt) this.publish(frame, sender);
    else this.#announceToEach(frame, sender, now);
  }

  /** Sends a frame to all subscribers but the sender. */
  publish(frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.releaseAll();
    this.#room.publish(frame, sender);
  }

  /** Sends a frame to one subscriber, unless it is the sender; in order with what is published. */
  send(receiver: Subscriber, frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.release(sender);
    this.#holdback?.release(receiver);
    if (receiver !== sender) receiver.connection.send(frame);
  }

  #announceToEach(frame: string, sender: Subscriber, now: number): void {
    for (const member of this.#room) {
      if (member !== sender) this.#announceTo(member, frame, now);
    }
  }

  #announceTo(member: Subscriber, frame: string, now: number): void {
    if (member.announcementDueAt > now) {
      this.#holdback ??= new AnnouncementHoldback(this.#clock);
      this.#holdback.holdBack(member, frame);
      return;
    }
    // Earlier announcements may still be held back from a member whose time has just passed.
    this.#holdback?.release(member);
    member.connection.send(frame);
  }

  #forget(subscriber: Subscriber, peerId: string): void {
    const others = this.#users.get(peerId)?.filter((user) => user !== subscriber) ?? [];
    if (others.length === 0) this.#users.delete(peerId);
    else this.#users.set(peerId, others);
  }
}
