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
  /** A member that was behind hears everything again; awareness that it missed meanwhile is the room's to repeat. */
  readonly caughtUp: (member: SyncMember) => void;
}

/** A large frame that waits to be sent to one member. */
interface LargeFrame {
  readonly bytes: number;
  encode(): Frame;
}

/**
 * While a large frame is on its way to a member, or waits for its turn, the member has left the channels: what they
 * carry would pile up behind it.
 */
interface Lag {
  readonly large: LargeFrame[];
  /** Updates that it has to get then. */
  missed: Uint8Array[];
  /** Of those that are not large. */
  missedBytes: number;
  /** Held while a frame is on its way. */
  release: Release | undefined;
  /** Unsent bytes and the time when the link was last seen to be fast enough. */
  unsentBytes: number;
  seenAt: number;
}

/** What one member hears of what the room says. */
interface Hearing {
  /** From its first sync on. */
  hearsUpdates: boolean;
  /** From its introduction on. */
  hearsAwareness: boolean;
  lag: Lag | undefined;
  sentAt: number;
}

/** The channels of all members with one encoding. */
interface Channels {
  readonly updates: Channel;
  readonly awareness: Channel;
}

/** A member to which nothing was sent for this long is sent the empty awareness: y-websocket's watchdog counts to 30 s. */
const keepaliveMs = 15_000;
const keepaliveCheckMs = 5_000;
/** A link that takes less than this much of a large frame in this time keeps others waiting for nothing. */
const slowestBytes = 256 * 1024;
const slowestMs = 30_000;

/**
 * How a room's members hear of what it says: each frame is encoded once per encoding.
 *
 * A frame that takes a considerable part of an outbox is sent to each member directly, as a snapshot, when the budget of
 * all snapshots allows. Until the member's link has taken it the member is behind: then it gets what it has missed as
 * one update.
 */
export class Audience {
  readonly #options: AudienceOptions;
  readonly #largeBytes: number;
  readonly #hearings = new Map<SyncMember, Hearing>();
  readonly #behind = new Set<SyncMember>();
  /** How many members have it. */
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
    const hearing = { hearsUpdates: false, hearsAwareness: false, lag: undefined, sentAt: clock.now() };
    this.#hearings.set(member, hearing);
    this.#encodings.set(member.encoding, (this.#encodings.get(member.encoding) ?? 0) + 1);
    this.#cancelKeepalive ??= clock.after(keepaliveCheckMs, () => this.#keepalive());
  }

  remove(member: SyncMember): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    this.#leaveChannels(member);
    this.#hearings.delete(member);
    this.#behind.delete(member);
    this.#forget(member.encoding);
    hearing.lag?.release?.();
    if (this.#hearings.size > 0) return;
    this.#frames.clear();
    this.#cancelKeepalive?.();
    this.#cancelKeepalive = undefined;
  }

  /** Kept for a while where others can be sent the same: a room of members with an encoding each would keep it for each. */
  #frame(encoding: SyncEncoding, encode: (update: Uint8Array) => Frame, update: Uint8Array): Frame {
    const isShared = (this.#encodings.get(encoding) ?? 0) > 1;
    return isShared ? this.#frames.frame(encode, update) : encode(update);
  }

  /** One less has it: where each member has its own, they come and go as long as the room is open. */
  #forget(encoding: SyncEncoding): void {
    const left = (this.#encodings.get(encoding) ?? 0) - 1;
    if (left > 0) {
      this.#encodings.set(encoding, left);
      return;
    }
    this.#encodings.delete(encoding);
    this.#channels.delete(encoding);
  }

  /** Whether an answer of so many bytes takes a considerable part of an outbox. */
  isLarge(bytes: number): boolean {
    return bytes > this.#largeBytes;
  }

  /** Whether a large frame is on its way to `member`, or waits for its turn. */
  isBehind(member: SyncMember): boolean {
    return this.#behind.has(member);
  }

  /** To one member, of whatever size. */
  send(member: SyncMember, frame: Frame): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    hearing.sentAt = this.#options.clock.now();
    const bytes = bytesOf(frame);
    if (bytes > this.#largeBytes) this.#sendLarge(member, hearing, { bytes, encode: () => frame });
    else member.connection.send(frame);
  }

  /**
   * A member's first sync, or another one: it hears every update that is committed from now on, exactly once.
   *
   * `release` is called when all of the answer is gone.
   */
  sendSnapshot(member: SyncMember, { before, update }: Answer, release: Release): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined || !member.connection.isOpen) {
      release();
      return;
    }
    const { connection, encoding } = member;
    hearing.sentAt = this.#options.clock.now();
    hearing.hearsUpdates = true;
    if (before !== undefined) connection.sendSnapshot(this.#frame(encoding, encoding.update, before));
    connection.sendSnapshot(this.#frame(encoding, encoding.syncStep2, update));
    // Behind one that waits, the answer is on its way all the same.
    if (connection.unsentBytes === 0 || hearing.lag !== undefined) {
      release();
      if (hearing.lag === undefined) this.#joinChannels(member, hearing);
      return;
    }
    this.#fallBehind(member, hearing);
    this.#await(member, hearing, release);
  }

  /** From now on `member` hears what `publishAwareness` says. */
  introduce(member: SyncMember): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    hearing.hearsAwareness = true;
    if (hearing.lag === undefined) this.#joinChannels(member, hearing);
  }

  /** To every member that has synced, less `except`; `encode` gives the frame of `update` in an encoding. */
  publishUpdate(update: Uint8Array, encode: (encoding: SyncEncoding) => Frame, except: SyncMember): void {
    const isLarge = update.byteLength > this.#largeBytes;
    for (const member of this.#behind) {
      if (member !== except) this.#miss(member, update, isLarge);
    }
    if (isLarge) this.#publishLarge(update, except);
    else {
      for (const [encoding, { updates }] of this.#channels) {
        // One connection can carry several members, but none with the same encoding.
        updates.publish(encode(encoding), encoding === except.encoding ? except.connection : undefined);
      }
    }
    this.#publishedAt = this.#options.clock.now();
  }

  /** To every member, less `except`, whatever it hears; `encode` gives undefined for encodings that have no such frame. */
  broadcast(encode: (encoding: SyncEncoding) => Frame | undefined, except?: SyncMember): void {
    const frames = new Map<SyncEncoding, Frame | undefined>();
    for (const member of this.#hearings.keys()) {
      const { encoding } = member;
      if (!frames.has(encoding)) frames.set(encoding, encode(encoding));
      const frame = frames.get(encoding);
      if (frame !== undefined && member !== except) this.send(member, frame);
    }
  }

  publishAwareness(body: Uint8Array): void {
    for (const [encoding, { awareness }] of this.#channels) awareness.publish(encoding.awareness(body));
    this.#publishedAt = this.#options.clock.now();
  }

  #publishLarge(update: Uint8Array, except: SyncMember): void {
    for (const [member, hearing] of this.#hearings) {
      if (member === except || !hearing.hearsUpdates || hearing.lag !== undefined) continue;
      const encode = () => this.#frame(member.encoding, member.encoding.update, update);
      this.#sendLarge(member, hearing, { bytes: update.byteLength, encode });
    }
  }

  /** It waits for a large frame: this is for later. A client that cannot keep up even so is closed. */
  #miss(member: SyncMember, update: Uint8Array, isLarge: boolean): void {
    const hearing = this.#hearings.get(member);
    if (hearing?.lag === undefined || !hearing.hearsUpdates) return;
    hearing.lag.missed.push(update);
    if (!isLarge) hearing.lag.missedBytes += update.byteLength;
    if (hearing.lag.missedBytes > this.#options.limits.outboxBytes) member.connection.close(closeReasons.overloaded);
  }

  #sendLarge(member: SyncMember, hearing: Hearing, frame: LargeFrame): void {
    const isFirst = hearing.lag === undefined;
    this.#fallBehind(member, hearing).large.push(frame);
    if (isFirst) this.#advance(member, hearing);
  }

  #fallBehind(member: SyncMember, hearing: Hearing): Lag {
    if (hearing.lag !== undefined) return hearing.lag;
    const seenAt = this.#options.clock.now();
    const lag = { large: [], missed: [], missedBytes: 0, release: undefined, unsentBytes: 0, seenAt };
    hearing.lag = lag;
    this.#behind.add(member);
    this.#leaveChannels(member);
    return lag;
  }

  /** Nothing is on its way to it: what comes next? */
  #advance(member: SyncMember, hearing: Hearing): void {
    const { lag } = hearing;
    if (lag === undefined) return;
    const next = lag.large.shift() ?? this.#takeMissed(member, lag);
    if (next === undefined || next.bytes <= this.#largeBytes) {
      if (next !== undefined) member.connection.send(next.encode());
      hearing.lag = undefined;
      this.#behind.delete(member);
      this.#joinChannels(member, hearing);
      this.#options.caughtUp(member);
      return;
    }
    this.#options.snapshots.admit(next.bytes, (release) => {
      if (this.#hearings.get(member) === hearing) member.connection.sendSnapshot(next.encode());
      this.#await(member, hearing, release);
    });
  }

  #takeMissed(member: SyncMember, lag: Lag): LargeFrame | undefined {
    const { missed } = lag;
    const [only] = missed;
    if (only === undefined) return undefined;
    lag.missed = [];
    lag.missedBytes = 0;
    const { encoding } = member;
    const bytes = missed.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return {
      bytes,
      encode: () =>
        missed.length === 1 ? this.#frame(encoding, encoding.update, only) : encoding.update(mergeUpdates(missed)),
    };
  }

  /** Until all that was sent to it is gone. */
  #await(member: SyncMember, hearing: Hearing, release: Release): void {
    const { lag } = hearing;
    if (this.#hearings.get(member) !== hearing || lag === undefined || !member.connection.isOpen) {
      release();
      return;
    }
    lag.release = release;
    lag.unsentBytes = member.connection.unsentBytes;
    lag.seenAt = this.#options.clock.now();
    member.connection.drained(() => {
      release();
      lag.release = undefined;
      if (this.#hearings.get(member) === hearing) this.#advance(member, hearing);
    });
  }

  #joinChannels({ connection, encoding }: SyncMember, { hearsUpdates, hearsAwareness }: Hearing): void {
    let channels = this.#channels.get(encoding);
    if (channels === undefined) {
      const { openChannel } = this.#options;
      channels = { updates: openChannel(), awareness: openChannel() };
      this.#channels.set(encoding, channels);
    }
    if (hearsUpdates) channels.updates.join(connection);
    if (hearsAwareness) channels.awareness.join(connection);
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
    for (const [member, hearing] of this.#hearings) {
      const isPublishedTo = hearing.hearsUpdates && hearing.hearsAwareness && hearing.lag === undefined;
      const sentAt = Math.max(hearing.sentAt, isPublishedTo ? this.#publishedAt : hearing.sentAt);
      if (now - sentAt >= keepaliveMs) this.send(member, member.encoding.awareness(emptyAwareness));
      if (hearing.lag?.release !== undefined) this.#checkProgress(member, hearing.lag, now);
    }
  }

  #checkProgress({ connection }: SyncMember, lag: Lag, now: number): void {
    const { unsentBytes } = connection;
    if (lag.unsentBytes - unsentBytes >= slowestBytes) {
      lag.unsentBytes = unsentBytes;
      lag.seenAt = now;
    } else if (now - lag.seenAt >= slowestMs) connection.close(closeReasons.overloaded);
  }
}

function bytesOf(frame: Frame): number {
  return typeof frame === "string" ? frame.length : frame.byteLength;
}
