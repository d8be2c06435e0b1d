import type { Clock } from "../lib/time/clock.ts";
import type { Channel, OpenChannel } from "../transport/channel.ts";
import { closeReasons } from "../transport/close-reason.ts";
import type { Frame } from "../transport/connection.ts";
import type { TransportLimits } from "../transport/limits.ts";
import type { Answer } from "./document/document-content.ts";
import { FrameCache } from "./frame-cache.ts";
import type { Release, SnapshotBudget } from "./snapshot-budget.ts";
import { emptyAwareness } from "./sync-codec.ts";
import type { SyncEncoding, SyncMember } from "./sync-member.ts";
import { mergeUpdates } from "./update/merge-updates.ts";

export interface AudienceOptions {
  readonly openChannel: OpenChannel;
  readonly snapshots: SnapshotBudget;
  readonly clock: Clock;
  readonly limits: Pick<TransportLimits, "outboxBytes">;
  /** Called when a member that was behind is up to date. The room then repeats the awareness that it missed. */
  readonly caughtUp: (member: SyncMember) => void;
}

/** A large frame that waits to be sent to one member. `bytes` is known before the frame is encoded. */
interface LargeFrame {
  readonly bytes: number;
  encode(): Frame;
}

/**
 * The frames and updates that a member has not received yet, because a large frame is being sent to it or waits for the
 * budget. Meanwhile the member has left the channels: published frames would pile up behind the large one.
 */
interface Backlog {
  readonly large: LargeFrame[];
  /** The updates committed meanwhile, to be sent afterwards as one. */
  updates: Uint8Array[];
  /** The bytes of those updates that are not large. */
  updateBytes: number;
  /**
   * Gives the bytes of the frame that is being sent back to the snapshot budget; undefined while none is being sent.
   */
  release: Release | undefined;
  /** The unsent bytes at `progressAt`, the last time when the link was found to be fast enough. */
  unsentBytes: number;
  progressAt: number;
}

/** The delivery state of one member: which frames it receives, and how far it is behind. */
interface DeliveryState {
  /** True from its first sync on. */
  receivesUpdates: boolean;
  /** True from `subscribeToAwareness` on. */
  receivesAwareness: boolean;
  backlog: Backlog | undefined;
  sentAt: number;
}

/** The channels of all members with one encoding. */
interface Channels {
  readonly updates: Channel;
  readonly awareness: Channel;
}

/**
 * The time without a frame after which a member is sent an empty awareness update: y-websocket's client closes a
 * connection on which it receives nothing for 30 s.
 */
const keepaliveMs = 15_000;
const keepaliveCheckMs = 5_000;
/**
 * A link that takes less than `minProgressBytes` of a large frame in `minProgressMs` is closed: it would hold up others
 * without need.
 */
const minProgressBytes = 256 * 1024;
const minProgressMs = 30_000;

/**
 * Delivers the frames of a room to its members: publishes updates and awareness on channels, each frame encoded once
 * per encoding, and sends answers directly. This is the place where an update is published.
 *
 * A frame that takes more than a quarter of an outbox is sent to each member directly, as a snapshot, when the snapshot
 * budget allows. Until the member's link has taken it, the member is behind: updates committed meanwhile go into its
 * backlog, and are then sent as one update.
 */
export class Audience {
  readonly #options: AudienceOptions;
  readonly #largeBytes: number;
  readonly #deliveries = new Map<SyncMember, DeliveryState>();
  readonly #behind = new Set<SyncMember>();
  /** The number of members by encoding. */
  readonly #encodings = new Map<SyncEncoding, number>();
  readonly #channels = new Map<SyncEncoding, Channels>();
  readonly #frames = new FrameCache();
  #publishedAt = Number.NEGATIVE_INFINITY;
  #cancelKeepalive: (() => void) | undefined;

  constructor(options: AudienceOptions) {
    this.#options = options;
    this.#largeBytes = options.limits.outboxBytes / 4;
  }

  add(member: SyncMember): void {
    const { clock } = this.#options;
    const delivery = { receivesUpdates: false, receivesAwareness: false, backlog: undefined, sentAt: clock.now() };
    this.#deliveries.set(member, delivery);
    this.#encodings.set(member.encoding, (this.#encodings.get(member.encoding) ?? 0) + 1);
    this.#cancelKeepalive ??= clock.after(keepaliveCheckMs, () => this.#keepalive());
  }

  remove(member: SyncMember): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    this.#leaveChannels(member);
    this.#deliveries.delete(member);
    this.#behind.delete(member);
    this.#releaseEncoding(member.encoding);
    delivery.backlog?.release?.();
    if (this.#deliveries.size > 0) return;
    this.#frames.clear();
    this.#cancelKeepalive?.();
    this.#cancelKeepalive = undefined;
  }

  /**
   * Encodes a frame. It is cached only for an encoding that several members share: otherwise a frame would be kept for
   * each member.
   */
  #frame(encoding: SyncEncoding, encode: (update: Uint8Array) => Frame, update: Uint8Array): Frame {
    const isShared = (this.#encodings.get(encoding) ?? 0) > 1;
    return isShared ? this.#frames.frame(encode, update) : encode(update);
  }

  /**
   * Removes one member from the count of its encoding. The last one removes the encoding: where each member has its
   * own, encodings come and go while the room is open.
   */
  #releaseEncoding(encoding: SyncEncoding): void {
    const left = (this.#encodings.get(encoding) ?? 0) - 1;
    if (left > 0) {
      this.#encodings.set(encoding, left);
      return;
    }
    this.#encodings.delete(encoding);
    this.#channels.delete(encoding);
  }

  /** Whether a frame of this size takes more than a quarter of an outbox, and is therefore sent as a snapshot. */
  isLarge(bytes: number): boolean {
    return bytes > this.#largeBytes;
  }

  /** Whether a large frame is being sent to `member`, or waits for the budget. */
  isBehind(member: SyncMember): boolean {
    return this.#behind.has(member);
  }

  /** Sends a frame of any size to one member. */
  send(member: SyncMember, frame: Frame): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    delivery.sentAt = this.#options.clock.now();
    const bytes = bytesOf(frame);
    if (bytes > this.#largeBytes) this.#sendLarge(member, delivery, { bytes, encode: () => frame });
    else member.connection.send(frame);
  }

  /**
   * Sends a member the answer to its SyncStep1, its first or a later one, and subscribes it: it receives every update
   * that is committed from now on, exactly once.
   *
   * `release` is called when all of the answer is sent.
   */
  sendSnapshot(member: SyncMember, { before, update }: Answer, release: Release): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined || !member.connection.isOpen) {
      release();
      return;
    }
    const { connection, encoding } = member;
    delivery.sentAt = this.#options.clock.now();
    delivery.receivesUpdates = true;
    if (before !== undefined) connection.sendSnapshot(this.#frame(encoding, encoding.update, before));
    connection.sendSnapshot(this.#frame(encoding, encoding.syncStep2, update));
    // A member that is already behind waits for its connection anyway: no second wait is started.
    if (connection.unsentBytes === 0 || delivery.backlog !== undefined) {
      release();
      if (delivery.backlog === undefined) this.#joinChannels(member, delivery);
      return;
    }
    this.#fallBehind(member, delivery);
    this.#waitUntilSent(member, delivery, release);
  }

  /** From now on `member` receives the frames of `publishAwareness`. */
  subscribeToAwareness(member: SyncMember): void {
    const delivery = this.#deliveries.get(member);
    if (delivery === undefined) return;
    delivery.receivesAwareness = true;
    if (delivery.backlog === undefined) this.#joinChannels(member, delivery);
  }

  /**
   * Publishes an update to every member that has synced, except `except`. `encode` returns the frame of `update` in an
   * encoding.
   */
  publishUpdate(update: Uint8Array, encode: (encoding: SyncEncoding) => Frame, except: SyncMember): void {
    const isLarge = update.byteLength > this.#largeBytes;
    for (const member of this.#behind) {
      if (member !== except) this.#addToBacklog(member, update, isLarge);
    }
    if (isLarge) this.#publishLarge(update, except);
    else {
      for (const [encoding, { updates }] of this.#channels) {
        // A connection can carry several members, but each of them with a different encoding.
        updates.publish(encode(encoding), encoding === except.encoding ? except.connection : undefined);
      }
    }
    this.#publishedAt = this.#options.clock.now();
  }

  /**
   * Sends a frame to every member except `except`, synced or not. `encode` returns undefined for encodings that have no
   * such frame.
   */
  broadcast(encode: (encoding: SyncEncoding) => Frame | undefined, except?: SyncMember): void {
    const frames = new Map<SyncEncoding, Frame | undefined>();
    for (const member of this.#deliveries.keys()) {
      const { encoding } = member;
      if (!frames.has(encoding)) frames.set(encoding, encode(encoding));
      const frame = frames.get(encoding);
      if (frame !== undefined && member !== except) this.send(member, frame);
    }
  }

  /** Publishes an awareness update to every member that is subscribed to awareness. */
  publishAwareness(body: Uint8Array): void {
    for (const [encoding, { awareness }] of this.#channels) awareness.publish(encoding.awareness(body));
    this.#publishedAt = this.#options.clock.now();
  }

  #publishLarge(update: Uint8Array, except: SyncMember): void {
    for (const [member, delivery] of this.#deliveries) {
      if (member === except || !delivery.receivesUpdates || delivery.backlog !== undefined) continue;
      const encode = () => this.#frame(member.encoding, member.encoding.update, update);
      this.#sendLarge(member, delivery, { bytes: update.byteLength, encode });
    }
  }

  /** Keeps an update for a member that is behind. A member whose backlog exceeds its outbox is closed. */
  #addToBacklog(member: SyncMember, update: Uint8Array, isLarge: boolean): void {
    const delivery = this.#deliveries.get(member);
    if (delivery?.backlog === undefined || !delivery.receivesUpdates) return;
    delivery.backlog.updates.push(update);
    if (!isLarge) delivery.backlog.updateBytes += update.byteLength;
    const { updateBytes } = delivery.backlog;
    if (updateBytes > this.#options.limits.outboxBytes)
      member.connection.close(closeReasons.overloaded, `limits.outbox-bytes: ${updateBytes} bytes behind`);
  }

  #sendLarge(member: SyncMember, delivery: DeliveryState, frame: LargeFrame): void {
    const isFirst = delivery.backlog === undefined;
    this.#fallBehind(member, delivery).large.push(frame);
    if (isFirst) this.#sendNext(member, delivery);
  }

  #fallBehind(member: SyncMember, delivery: DeliveryState): Backlog {
    if (delivery.backlog !== undefined) return delivery.backlog;
    const progressAt = this.#options.clock.now();
    const backlog = { large: [], updates: [], updateBytes: 0, release: undefined, unsentBytes: 0, progressAt };
    delivery.backlog = backlog;
    this.#behind.add(member);
    this.#leaveChannels(member);
    return backlog;
  }

  /**
   * Called when nothing is being sent to a member that is behind: sends the next large frame, then the backlog, and at
   * last subscribes it again.
   */
  #sendNext(member: SyncMember, delivery: DeliveryState): void {
    const { backlog } = delivery;
    if (backlog === undefined) return;
    const next = backlog.large.shift() ?? this.#takeUpdates(member, backlog);
    if (next === undefined || next.bytes <= this.#largeBytes) {
      if (next !== undefined) member.connection.send(next.encode());
      delivery.backlog = undefined;
      this.#behind.delete(member);
      this.#joinChannels(member, delivery);
      this.#options.caughtUp(member);
      return;
    }
    this.#options.snapshots.admit(next.bytes, (release) => {
      if (this.#deliveries.get(member) === delivery) member.connection.sendSnapshot(next.encode());
      this.#waitUntilSent(member, delivery, release);
    });
  }

  #takeUpdates(member: SyncMember, backlog: Backlog): LargeFrame | undefined {
    const { updates } = backlog;
    const [only] = updates;
    if (only === undefined) return undefined;
    backlog.updates = [];
    backlog.updateBytes = 0;
    const { encoding } = member;
    const bytes = updates.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return {
      bytes,
      encode: () =>
        updates.length === 1 ? this.#frame(encoding, encoding.update, only) : encoding.update(mergeUpdates(updates)),
    };
  }

  /** Waits until everything that was sent to the member has left, then releases the budget and goes on. */
  #waitUntilSent(member: SyncMember, delivery: DeliveryState, release: Release): void {
    const { backlog } = delivery;
    if (this.#deliveries.get(member) !== delivery || backlog === undefined || !member.connection.isOpen) {
      release();
      return;
    }
    backlog.release = release;
    backlog.unsentBytes = member.connection.unsentBytes;
    backlog.progressAt = this.#options.clock.now();
    member.connection.drained(() => {
      release();
      backlog.release = undefined;
      if (this.#deliveries.get(member) === delivery) this.#sendNext(member, delivery);
    });
  }

  #joinChannels({ connection, encoding }: SyncMember, { receivesUpdates, receivesAwareness }: DeliveryState): void {
    let channels = this.#channels.get(encoding);
    if (channels === undefined) {
      const { openChannel } = this.#options;
      channels = { updates: openChannel(), awareness: openChannel() };
      this.#channels.set(encoding, channels);
    }
    if (receivesUpdates) channels.updates.join(connection);
    if (receivesAwareness) channels.awareness.join(connection);
  }

  #leaveChannels({ connection, encoding }: SyncMember): void {
    const channels = this.#channels.get(encoding);
    channels?.updates.leave(connection);
    channels?.awareness.leave(connection);
  }

  #keepalive(): void {
    const { clock } = this.#options;
    this.#cancelKeepalive = clock.after(keepaliveCheckMs, () => this.#keepalive());
    this.#frames.age();
    const now = clock.now();
    for (const [member, delivery] of this.#deliveries) {
      const isPublishedTo = delivery.receivesUpdates && delivery.receivesAwareness && delivery.backlog === undefined;
      const sentAt = Math.max(delivery.sentAt, isPublishedTo ? this.#publishedAt : delivery.sentAt);
      if (now - sentAt >= keepaliveMs) this.send(member, member.encoding.awareness(emptyAwareness));
      if (delivery.backlog?.release !== undefined) this.#checkProgress(member, delivery.backlog, now);
    }
  }

  #checkProgress({ connection }: SyncMember, backlog: Backlog, now: number): void {
    const { unsentBytes } = connection;
    if (backlog.unsentBytes - unsentBytes >= minProgressBytes) {
      backlog.unsentBytes = unsentBytes;
      backlog.progressAt = now;
    } else if (now - backlog.progressAt >= minProgressMs) {
      connection.close(closeReasons.overloaded, `less than ${minProgressBytes} bytes taken in ${minProgressMs} ms`);
    }
  }
}

function bytesOf(frame: Frame): number {
  return typeof frame === "string" ? frame.length : frame.byteLength;
}
