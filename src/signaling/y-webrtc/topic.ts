import type { NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import type { Connection } from "../../transport/connection.ts";
import type { RemoteMember, Roster, SharedRoom } from "../cluster/roster.ts";
import { type Member, SignalingRoom } from "../signaling-room.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import { AnnouncementCrossings } from "./announcement-crossings.ts";
import { AnnouncementHoldback, holdbackMs } from "./announcement-holdback.ts";
import { type AnnouncementOrder, decodeForwarded, encodeForwarded, type ForwardedMessage } from "./forwarded-codec.ts";
import { noPeerIds, PeerIds, type PeerIdUser } from "./peer-ids.ts";

/** A connection that is subscribed to one topic. */
export class Subscriber implements Member, PeerIdUser {
  readonly id: string;
  readonly connection: Connection;
  /** The id of its user; undefined if unknown. */
  readonly user: string | undefined;
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

/** A subscriber of the topic on another node. */
export class RemoteSubscriber implements PeerIdUser {
  readonly id: string;
  readonly node: NodeId;
  peerIds = noPeerIds;

  constructor({ id, node }: RemoteMember<null>) {
    this.id = id;
    this.node = node;
  }
}

/** A message of a subscriber, for the subscribers on other nodes. */
export interface Published extends Pick<ForwardedMessage, "from" | "to" | "frame"> {
  readonly isAnnouncement: boolean;
}

export interface TopicOptions {
  readonly openChannel: OpenChannel;
  readonly memberLimit: number;
  /** How many peer ids of a subscriber are remembered: a page has a new one each time its provider reconnects. */
  readonly peerIdsPerSubscriber: number;
  readonly clock: Clock;
}

/** The part of the topic that other nodes share of a cluster. */
interface Sharing {
  readonly roster: Roster<null>;
  readonly crossings: AnnouncementCrossings;
  readonly subscribers: Map<string, RemoteSubscriber>;
}

/**
 * The subscribers of one topic, and the peer ids that they use.
 *
 * A message for a peer id that exactly one subscriber uses is sent to that subscriber alone, on whichever node. A peer id
 * may have several users; each is as likely as the others to be the receiver, so such a message is published.
 *
 * When two subscribers announce themselves at the same time, only one receives the other's: see `AnnouncementHoldback`.
 */
export class Topic implements WatchedRoom, SharedRoom<null> {
  watcher: MessageWatcher | undefined;
  readonly #room: SignalingRoom<Subscriber>;
  readonly #peerIds: PeerIds<Subscriber | RemoteSubscriber>;
  readonly #clock: Clock;
  /** After this time (epoch milliseconds) no subscriber's announcement is expected. */
  #lastAnnouncementDueAt = 0;
  /** Undefined until an announcement is held back: most topics never have any. */
  #holdback: AnnouncementHoldback | undefined;
  /** Undefined on a single node. */
  #sharing: Sharing | undefined;

  constructor({ openChannel, memberLimit, peerIdsPerSubscriber, clock }: TopicOptions) {
    this.#room = new SignalingRoom(openChannel, memberLimit);
    this.#peerIds = new PeerIds(peerIdsPerSubscriber);
    this.#clock = clock;
  }

  /** The number of subscribers on all nodes. */
  get size(): number {
    return this.#room.size + (this.#sharing?.roster.size ?? 0);
  }

  /** Whether another node has the topic open. */
  get isShared(): boolean {
    return this.#sharing?.roster.isShared === true;
  }

  /** Iterates over the subscribers of this node. */
  [Symbol.iterator](): IterableIterator<Subscriber> {
    return this.#room[Symbol.iterator]();
  }

  get connections(): Iterable<Connection> {
    return Array.from(this.#room, ({ connection }) => connection);
  }

  share(roster: Roster<null>): void {
    this.#sharing = { roster, crossings: new AnnouncementCrossings(roster.node, this.#clock), subscribers: new Map() };
  }

  close(): void {
    this.#sharing?.roster.close();
  }

  /** False if the topic is full. */
  join(subscriber: Subscriber): boolean {
    const roster = this.#sharing?.roster;
    if (this.#room.join(subscriber, roster?.size) === "full") return false;
    subscriber.announcementDueAt = this.#clock.elapsedMs() + holdbackMs;
    this.#lastAnnouncementDueAt = subscriber.announcementDueAt;
    roster?.join({ id: idOn(roster.node, subscriber.id), at: 0, info: null });
    return true;
  }

  leave(subscriber: Subscriber): void {
    const roster = this.#sharing?.roster;
    if (this.#room.leave(subscriber)) roster?.leave(idOn(roster.node, subscriber.id));
    this.#holdback?.drop(subscriber);
    this.#peerIds.leave(subscriber);
  }

  /** Records that a subscriber uses `peerId`. Beyond the bound, its least recently used peer id is forgotten. */
  recordPeerId(subscriber: Subscriber, peerId: string): void {
    this.#peerIds.record(subscriber, peerId);
  }

  /** The only subscriber that uses `peerId`; undefined if none or several do. */
  userOf(peerId: string): Subscriber | RemoteSubscriber | undefined {
    return this.#peerIds.userOf(peerId);
  }

  /** Sends an announcement to all subscribers but the sender, except those from which it is held back. */
  announce(frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.drop(sender);
    const now = this.#clock.elapsedMs();
    if (now >= this.#lastAnnouncementDueAt) this.publish(frame, sender);
    else this.#announceToEach(frame, sender, now);
  }

  /** Sends a frame to all subscribers of this node but the sender. */
  publish(frame: string, sender?: Subscriber): void {
    if (sender !== undefined) sender.announcementDueAt = 0;
    this.#holdback?.releaseAll();
    this.#room.publish(frame, sender);
  }

  /** Sends a frame to one subscriber, unless it is the sender; in order with what is published. */
  send(receiver: Subscriber, frame: string, sender: Subscriber): void {
    sender.announcementDueAt = 0;
    this.#holdback?.release(sender);
    this.#sendHere(receiver, frame, sender);
  }

  /** Sends a message to the subscribers on other nodes, or to one of them. */
  forward(message: Published, sender: Subscriber, receiver?: RemoteSubscriber): void {
    sender.announcementDueAt = 0;
    if (this.#sharing === undefined) return;
    const { roster, crossings } = this.#sharing;
    const { to, frame, isAnnouncement } = message;
    // A peer id that was too long to be recorded is not told.
    const from = message.from !== undefined && sender.peerIds.includes(message.from) ? message.from : undefined;
    const announcement = isAnnouncement && receiver === undefined ? crossings.sending(sender) : undefined;
    const forwarded = encodeForwarded({ sender: sender.id, from, to, announcement, frame });
    if (receiver !== undefined) this.#holdback?.release(sender);
    if (receiver === undefined) roster.publish(forwarded);
    else roster.send(receiver, forwarded);
  }

  joined(member: RemoteMember<null>): void {
    this.#sharing?.subscribers.set(member.id, new RemoteSubscriber(member));
  }

  left({ id }: RemoteMember<null>): void {
    const subscriber = this.#sharing?.subscribers.get(id);
    if (subscriber === undefined) return;
    this.#sharing?.subscribers.delete(id);
    this.#peerIds.leave(subscriber);
  }

  /** The ids of subscribers contain their node: none loses its id to another node. */
  replaced(): void {}

  opened(node: NodeId): void {
    this.#sharing?.crossings.opened(node);
  }

  received(payload: Uint8Array, receiver: string | undefined, node: NodeId): void {
    const message = decodeForwarded(payload);
    if (message === undefined || this.#sharing === undefined) return;
    const { crossings, subscribers } = this.#sharing;
    const sender = subscribers.get(idOn(node, message.sender));
    const { from, to, announcement, frame } = message;
    if (sender !== undefined && from !== undefined) this.#peerIds.record(sender, from);
    if (announcement !== undefined) {
      crossings.received(node, announcement);
      this.#announceFrom(node, frame, announcement);
      return;
    }
    const user = this.#receiverOf(receiver, to);
    if (user === undefined) this.publish(frame);
    // The user of the peer id on a third node receives the message from its sender, if from anybody.
    else if (user instanceof Subscriber) this.#sendHere(user, frame);
  }

  /** The subscriber that another node's message is for: the one that is named, or the only user of the peer id. */
  #receiverOf(id: string | undefined, peerId: string | undefined): Subscriber | RemoteSubscriber | undefined {
    const node = this.#sharing?.roster.node ?? "";
    const named = id?.startsWith(idOn(node, "")) ? this.#room.find(id.slice(idOn(node, "").length)) : undefined;
    return named ?? (peerId === undefined ? undefined : this.#peerIds.userOf(peerId));
  }

  #sendHere(receiver: Subscriber, frame: string, sender?: Subscriber): void {
    this.#holdback?.release(receiver);
    if (receiver !== sender) receiver.connection.send(frame);
  }

  #announceToEach(frame: string, sender: Subscriber, now: number): void {
    for (const member of this.#room) {
      if (member !== sender) this.#announceTo(member, frame, now);
    }
  }

  /** Sends an announcement of another node to the subscribers of this one, except those from which it is held back. */
  #announceFrom(node: NodeId, frame: string, order: AnnouncementOrder): void {
    const now = this.#clock.elapsedMs();
    for (const member of this.#room) {
      if (this.#sharing?.crossings.isDropped(member, node, order) !== true) this.#announceTo(member, frame, now);
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
}

/** The id of a subscriber in the roster: connections are numbered by each node. */
function idOn(node: NodeId, id: string): string {
  return `${node}/${id}`;
}
