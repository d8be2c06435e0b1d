import type { Clock } from "../../lib/time/clock.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import type { Connection } from "../../transport/connection.ts";
import { type Member, SignalingRoom } from "../signaling-room.ts";
import { AnnouncementHoldback, holdbackMs } from "./announcement-holdback.ts";

const noPeerIds: readonly string[] = [];

/** A connection in one topic. */
export class Subscriber implements Member {
  readonly id: string;
  readonly connection: Connection;
  /** That it has used lately, the last one at the end; its topic writes it. */
  peerIds = noPeerIds;
  /** Epoch milliseconds, to which it may be about to announce itself; 0 when it has said anything. Its topic writes it. */
  announcementDueAt = 0;

  constructor(connection: Connection) {
    this.id = connection.id;
    this.connection = connection;
  }
}

export interface TopicOptions {
  readonly openChannel: OpenChannel;
  readonly memberLimit: number;
  /** A page has one peer id at a time, and a new one whenever it connects its provider anew. */
  readonly peerIdsPerSubscriber: number;
  readonly clock: Clock;
}

/**
 * The subscribers of one topic, and the peer ids under which they speak.
 *
 * A message for a peer id that exactly one of them uses concerns nobody else. Of a peer id with more users (a socket that
 * is dead and not yet gone, a page with two sockets, somebody who lies) all are as likely.
 *
 * Of two subscribers who announce themselves one hears the other: `AnnouncementHoldback` says why.
 */
export class Topic {
  readonly #room: SignalingRoom<Subscriber>;
  readonly #peerIdsPerSubscriber: number;
  readonly #users = new Map<string, readonly Subscriber[]>();
  readonly #clock: Clock;
  /** Nobody is new later than that. */
  #lastAnnouncementDueAt = 0;
  /** Most topics never have any. */
  #holdback: AnnouncementHoldback | undefined;

  constructor({ openChannel, memberLimit, peerIdsPerSubscriber, clock }: TopicOptions) {
    this.#room = new SignalingRoom(openChannel, memberLimit);
    this.#peerIdsPerSubscriber = peerIdsPerSubscriber;
    this.#clock = clock;
  }

  get size(): number {
    return this.#room.size;
  }

  get connections(): Iterable<Connection> {
    return Array.from(this.#room, ({ connection }) => connection);
  }

  /** False if it is full. */
  join(subscriber: Subscriber): boolean {
    if (this.#room.join(subscriber) === "full") return false;
    subscriber.announcementDueAt = this.#clock.now() + holdbackMs;
    this.#lastAnnouncementDueAt = subscriber.announcementDueAt;
    return true;
  }

  leave(subscriber: Subscriber): void {
    this.#room.leave(subscriber);
    this.#holdback?.drop(subscriber);
    for (const peerId of subscriber.peerIds) this.#forget(subscriber, peerId);
    subscriber.peerIds = noPeerIds;
  }

  /** Takes note that a subscriber speaks as `peerId`; of too many the one that it has not used for longest is forgotten. */
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

  /** Whom alone a message for `peerId` concerns; undefined if it may be anybody. */
  userOf(peerId: string): Subscriber | undefined {
    const users = this.#users.get(peerId);
    return users?.length === 1 ? users[0] : undefined;
  }

  /** To all subscribers but the sender: who it is, for those who shall call it. */
  announce(frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.drop(sender);
    const now = this.#clock.now();
    if (now >= this.#lastAnnouncementDueAt) this.publish(frame, sender);
    else this.#announceToEach(frame, sender, now);
  }

  /** To all subscribers but the sender. */
  publish(frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.releaseAll();
    this.#room.publish(frame, sender);
  }

  /** To one subscriber, unless it is the sender; in order with what is published. */
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
    // Something may still be kept from one that has just ceased to be new.
    this.#holdback?.release(member);
    member.connection.send(frame);
  }

  #forget(subscriber: Subscriber, peerId: string): void {
    const others = this.#users.get(peerId)?.filter((user) => user !== subscriber) ?? [];
    if (others.length === 0) this.#users.delete(peerId);
    else this.#users.set(peerId, others);
  }
}
