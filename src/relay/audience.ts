import { SmallMap } from "../lib/collections/small-map.ts";
import type { Channel, OpenChannel } from "../transport/channel.ts";
import type { Connection, Frame } from "../transport/connection.ts";
import type { AwarenessAudience } from "./awareness/awareness-audience.ts";
import { emptyAwareness } from "./awareness/awareness-codec.ts";
import { CatchUp, type CatchUpOptions, type Purpose } from "./catch-up/catch-up.ts";
import type { CatchUpOwner } from "./catch-up/catch-up-owner.ts";
import type { Answer } from "./document/document-content.ts";
import { FrameCache } from "./snapshot/frame-cache.ts";
import type { HeldSnapshot } from "./snapshot/held-snapshot.ts";
import type { SyncEncoding, SyncMember } from "./sync-member.ts";

export interface AudienceOptions extends CatchUpOptions {
  readonly openChannel: OpenChannel;
}

/** The room of an audience. */
export interface AudienceOwner extends Pick<CatchUpOwner, "room" | "stateVector" | "answerNeeded"> {
  /**
   * Called when a member that was behind for `behindMs` is up to date. The room then repeats the awareness that it
   * missed.
   */
  caughtUp(member: SyncMember, behindMs: number): void;
}

/** The source of an update that is published. */
export interface Source {
  /** Undefined for an update that no member has sent. */
  readonly sender?: SyncMember | undefined;
  /** The frame of `sender` that contains the update. */
  readonly frame?: Frame | undefined;
}

/** The delivery state of one member: which frames it receives. */
interface DeliveryState {
  /** True from its first sync on. */
  receivesUpdates: boolean;
  /** True from `subscribeToAwareness` on. */
  receivesAwareness: boolean;
  /** The tick of the last frame that was sent to it alone. */
  sentIn: number;
  /** The time at which it fell behind last. */
  behindSince: number;
}

/** The members with one encoding. */
interface EncodingGroup {
  members: number;
  /** Undefined until the first of them has synced. */
  updates: Channel | undefined;
  /** Undefined until awareness is published: many documents have none. */
  awareness: Channel | undefined;
}

/**
 * A member that was sent nothing for so many ticks is sent an empty awareness update: y-websocket's client closes a
 * connection on which it receives nothing for 30 s. With ticks of 5 s that is between 15 and 20 s after the last frame.
 */
const silentTicks = 4;

/**
 * Delivers the frames of a room to its members: publishes updates and awareness on channels, each frame encoded once
 * per encoding, and sends answers directly. This is the place where an update is published.
 *
 * A member that takes less than is published falls behind, and so does one that is sent a large update or answer:
 * `CatchUp` brings it up to date.
 */
export class Audience implements AwarenessAudience<SyncMember>, CatchUpOwner {
  readonly #options: AudienceOptions;
  readonly #owner: AudienceOwner;
  readonly #catchUp: CatchUp;
  readonly #deliveries = new SmallMap<SyncMember, DeliveryState>();
  readonly #groups = new SmallMap<SyncEncoding, EncodingGroup>();
  readonly #frames = new FrameCache();
  /**
   * The number of calls of `check`. It takes the place of a clock, which would have to be read for each frame, and can be
   * set.
   */
  #tick = 0;
  /** The tick of the last frame that was published. */
  #publishedIn = Number.NEGATIVE_INFINITY;

  constructor(options: AudienceOptions, owner: AudienceOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#catchUp = new CatchUp(options, this);
  }

  get room(): object {
    return this.#owner.room;
  }

  get members(): Iterable<SyncMember> {
    return this.#deliveries.keys();
  }

  get hasMembers(): boolean {
    return this.#deliveries.size > 0;
  }

  has(member: SyncMember): boolean {
    return this.#deliveries.has(member);
  }

  add(member: SyncMember): void {
    const delivery = { receivesUpdates: false, receivesAwareness: false, sentIn: this.#tick, behindSince: 0 };
    this.#deliveries.set(member, delivery);
    const group = this.#groups.get(member.encoding);
    if (group === undefined)
      this.#groups.set(member.encoding, { members: 1, updates: undefined, awareness: undefined });
    else group.members += 1;
  }

  remove(member: SyncMember): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    this.#leaveChannels(member);
    this.#deliveries.delete(member);
    this.#catchUp.remove(member);
    this.#releaseEncoding(member.encoding);
    if (this.#deliveries.size > 0) return;
    this.#frames.clear();
    this.#catchUp.dropCopies();
  }

  /**
   * Encodes a frame. It is cached only for an encoding that several members share: otherwise a frame would be kept for
   * each member.
   */
  #frame(encoding: SyncEncoding, encode: (update: Uint8Array) => Frame, update: Uint8Array): Frame {
    const isShared = (this.#groups.get(encoding)?.members ?? 0) > 1;
    return isShared ? this.#frames.frame(encode, update) : encode(update);
  }

  /**
   * Removes one member from the count of its encoding. The last one removes the encoding: where each member has its
   * own, encodings come and go while the room is open.
   */
  #releaseEncoding(encoding: SyncEncoding): void {
    const group = this.#groups.get(encoding);
    if (group === undefined) return;
    group.members -= 1;
    if (group.members === 0) this.#groups.delete(encoding);
  }

  isBehind(member: SyncMember): boolean {
    return this.#catchUp.isBehind(member);
  }

  /** Whether so many acknowledgements wait for a member that it should not be read until it has taken some. */
  isOwedMuch(member: SyncMember): boolean {
    return this.#catchUp.waitingAcknowledgementBytes(member) > this.#options.limits.outboxBytes / 4;
  }

  /** Calls `task` when the member has been sent the next acknowledgement, or has left; at once if none waits. */
  whenAcknowledged(member: SyncMember, task: () => void): void {
    this.#catchUp.whenAcknowledged(member, task);
  }

  /** Sends a frame to one member. */
  send(member: SyncMember, frame: Frame, purpose: Purpose = "other"): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    delivery.sentIn = this.#tick;
    this.#catchUp.sendFrame(member, frame, purpose);
  }

  /** Acknowledges an update by sending it back, in pieces if it is large. */
  echo(member: SyncMember, update: Uint8Array): void {
    if (!this.#catchUp.isLarge(update.byteLength)) this.send(member, member.encoding.update(update), "acknowledgement");
    else if (this.#deliveries.has(member)) this.#catchUp.sendUpdate(member, update, "acknowledgement");
  }

  /**
   * Sends a member the answer to its SyncStep1, its first or a later one, and subscribes it: it receives every update
   * that is committed from now on, exactly once. `held` is the part of the snapshot budget for it.
   */
  sendAnswer(member: SyncMember, answer: Answer, held?: HeldSnapshot): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined || !member.connection.isOpen) {
      held?.release();
      return;
    }
    delivery.sentIn = this.#tick;
    delivery.receivesUpdates = true;
    this.#catchUp.sendAnswer(member, answer, held);
    if (!this.isBehind(member)) this.#joinChannels(member, delivery);
  }

  subscribeToAwareness(member: SyncMember): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    delivery.receivesAwareness = true;
    if (!this.isBehind(member)) this.#joinChannels(member, delivery);
  }

  /** Publishes an update to every member that has synced, except its sender. */
  publishUpdate(update: Uint8Array, { sender, frame }: Source = {}): void {
    for (const member of this.#catchUp.members) {
      const isReceiver = member !== sender && this.#deliveries.get(member)?.receivesUpdates === true;
      if (isReceiver) this.#catchUp.addUpdate(member, update);
    }
    if (this.#catchUp.isLarge(update.byteLength)) this.#publishLarge(update, sender);
    else this.#publishFrames(update, sender, frame);
    this.#publishedIn = this.#tick;
  }

  /**
   * Sends a frame to every member except its sender, synced or not. `encode` returns undefined for encodings that have
   * no such frame.
   *
   * The bytes for all receivers are work of the sender. Returns a promise when they are sent in several of its turns:
   * its next frame must wait for it.
   */
  broadcast(encode: (encoding: SyncEncoding) => Frame | undefined, sender?: SyncMember): void | Promise<void> {
    const frames = new Map<SyncEncoding, Frame | undefined>();
    const receivers: [SyncMember, Frame][] = [];
    for (const member of this.#deliveries.keys()) {
      const { encoding } = member;
      if (!frames.has(encoding)) frames.set(encoding, encode(encoding));
      const frame = frames.get(encoding);
      if (frame !== undefined && member !== sender) receivers.push([member, frame]);
    }
    return this.#sendInTurns(receivers, sender?.connection);
  }

  /** Sends what is left of a broadcast, as far as the sender's turn lasts; a broadcast of the server at once. */
  #sendInTurns(
    receivers: readonly [SyncMember, Frame][],
    sender: Connection | undefined,
    first = 0,
  ): void | Promise<void> {
    for (const [index, [member, frame]] of receivers.slice(first).entries()) {
      sender?.spend("bytes", frame.length);
      this.send(member, frame);
      const next = first + index + 1;
      if (sender?.turns.isOver !== true || next === receivers.length) continue;
      const turn = new Promise<void>((resolve) => sender.turns.wait(resolve));
      return turn.then(() => this.#sendInTurns(receivers, sender, next));
    }
  }

  sendAwareness(member: SyncMember, body: Uint8Array): void {
    this.send(member, member.encoding.awareness(body));
  }

  requestRenewal(member: SyncMember, body: Uint8Array): void {
    this.sendAwareness(member, body);
    const { queryAwareness } = member.encoding;
    if (queryAwareness !== undefined) this.send(member, queryAwareness);
  }

  publishAwareness(body: Uint8Array): void {
    for (const [encoding, group] of this.#groups) {
      group.awareness ??= this.#openAwareness(encoding);
      group.awareness.publish(encoding.awareness(body));
    }
    this.#publishedIn = this.#tick;
  }

  /** Keeps silent connections open, finds stalled links, and drops copies. Called every 5 seconds. */
  check(): void {
    this.#frames.age();
    this.#tick += 1;
    for (const [member, delivery] of this.#deliveries) {
      const isPublishedTo = delivery.receivesUpdates && delivery.receivesAwareness && !this.isBehind(member);
      const sentIn = Math.max(delivery.sentIn, isPublishedTo ? this.#publishedIn : delivery.sentIn);
      if (this.#tick - sentIn >= silentTicks) this.send(member, member.encoding.awareness(emptyAwareness));
    }
    this.#catchUp.checkProgress();
    this.#catchUp.dropCopies();
  }

  stateVector(): Uint8Array {
    return this.#owner.stateVector();
  }

  encode({ encoding }: SyncMember, message: "update" | "syncStep2", update: Uint8Array): Frame {
    return this.#frame(encoding, encoding[message], update);
  }

  answerNeeded(member: SyncMember, stateVector: Uint8Array): void {
    this.#owner.answerNeeded(member, stateVector);
  }

  fellBehind(member: SyncMember): void {
    this.#leaveChannels(member);
    const delivery = this.#deliveries.get(member);
    if (delivery !== undefined) delivery.behindSince = this.#options.clock.elapsedMs();
  }

  caughtUp(member: SyncMember): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    this.#joinChannels(member, delivery);
    this.#owner.caughtUp(member, this.#options.clock.elapsedMs() - delivery.behindSince);
  }

  #publishFrames(update: Uint8Array, sender: SyncMember | undefined, frame: Frame | undefined): void {
    for (const [encoding, { updates }] of this.#groups) {
      if (updates === undefined) continue;
      // A connection can carry several members, but each of them with a different encoding.
      const isSenders = encoding === sender?.encoding;
      const published = isSenders && frame !== undefined ? frame : encoding.update(update);
      updates.publish(published, isSenders ? sender?.connection : undefined);
    }
  }

  #publishLarge(update: Uint8Array, except: SyncMember | undefined): void {
    for (const [member, { receivesUpdates }] of this.#deliveries) {
      if (member === except || !receivesUpdates || this.isBehind(member)) continue;
      this.#catchUp.sendUpdate(member, update, "other");
    }
  }

  #joinChannels({ connection, encoding }: SyncMember, { receivesUpdates, receivesAwareness }: DeliveryState): void {
    const group = this.#groups.get(encoding);
    if (group === undefined) return;
    if (receivesUpdates) {
      group.updates ??= this.#openChannel(encoding);
      group.updates.join(connection);
    }
    if (receivesAwareness) group.awareness?.join(connection);
  }

  #openChannel(encoding: SyncEncoding): Channel {
    return this.#options.openChannel((connection) => this.#tooSlow(encoding, connection));
  }

  /** Opens the channel with all members that are subscribed to awareness. */
  #openAwareness(encoding: SyncEncoding): Channel {
    const channel = this.#openChannel(encoding);
    for (const [member, { receivesAwareness }] of this.#deliveries) {
      const isReceiver = receivesAwareness && member.encoding === encoding && !this.isBehind(member);
      if (isReceiver) channel.join(member.connection);
    }
    return channel;
  }

  #leaveChannels({ connection, encoding }: SyncMember): void {
    const group = this.#groups.get(encoding);
    group?.updates?.leave(connection);
    group?.awareness?.leave(connection);
  }

  /** A member takes less than is published to it. */
  #tooSlow(encoding: SyncEncoding, connection: Connection): void {
    for (const member of this.#deliveries.keys()) {
      if (member.connection === connection && member.encoding === encoding) this.#catchUp.fallBehind(member);
    }
  }
}
