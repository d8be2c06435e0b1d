import type { Limits } from "../config/limits.ts";
import type { Clock } from "../lib/clock.ts";
import type { Channel, OpenChannel } from "../transport/channel.ts";
import type { Frame } from "../transport/connection.ts";
import { mergeUpdates } from "./merge-updates.ts";
import { emptyAwareness } from "./sync-codec.ts";
import type { SyncEncoding, SyncMember } from "./sync-member.ts";

export interface AudienceOptions {
  readonly openChannel: OpenChannel;
  readonly clock: Clock;
  readonly limits: Limits;
  /** A member that was behind hears everything again; awareness that it missed meanwhile is the room's to repeat. */
  readonly caughtUp: (member: SyncMember) => void;
}

/** What one member hears of what the room says. */
interface Hearing {
  /** From its first sync on. */
  hearsUpdates: boolean;
  /** From its introduction on. */
  hearsAwareness: boolean;
  /**
   * While a large frame is on its way to it, a member has left the channels: what they carry would pile up behind that
   * frame. Here are the updates that it has to get then; undefined when it is not behind.
   */
  missed: Uint8Array[] | undefined;
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

/**
 * How a room's members hear of what it says: each frame is encoded once per encoding.
 *
 * A frame that takes a considerable part of an outbox is sent to each member directly, as a snapshot. A member whose
 * link does not take such a frame at once is behind until it has: then it gets what it has missed as one update.
 */
export class Audience {
  readonly #options: AudienceOptions;
  readonly #largeBytes: number;
  readonly #hearings = new Map<SyncMember, Hearing>();
  readonly #behind = new Set<Hearing>();
  readonly #channels = new Map<SyncEncoding, Channels>();
  #publishedAt = Number.NEGATIVE_INFINITY;
  #cancelKeepalive: (() => void) | undefined;

  constructor(options: AudienceOptions) {
    this.#options = options;
    this.#largeBytes = options.limits.outboxBytes / 4;
  }

  add(member: SyncMember): void {
    const { clock } = this.#options;
    const hearing = { hearsUpdates: false, hearsAwareness: false, missed: undefined, sentAt: clock.now() };
    this.#hearings.set(member, hearing);
    this.#cancelKeepalive ??= clock.after(keepaliveCheckMs, () => this.#keepalive());
  }

  remove(member: SyncMember): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    this.#leaveChannels(member);
    this.#hearings.delete(member);
    this.#behind.delete(hearing);
    if (this.#hearings.size > 0) return;
    this.#channels.clear();
    this.#cancelKeepalive?.();
    this.#cancelKeepalive = undefined;
  }

  /** Whether a large frame is on its way to `member`. */
  isBehind(member: SyncMember): boolean {
    return this.#hearings.get(member)?.missed !== undefined;
  }

  /** To one member, of whatever size. */
  send(member: SyncMember, frame: Frame): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    hearing.sentAt = this.#options.clock.now();
    if (bytesOf(frame) > this.#largeBytes) this.#sendLarge(member, hearing, frame);
    else member.connection.send(frame);
  }

  /** A member's first sync, or another one: it hears every update that is committed from now on, exactly once. */
  sendSnapshot(member: SyncMember, frame: Frame): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    hearing.sentAt = this.#options.clock.now();
    hearing.hearsUpdates = true;
    this.#sendLarge(member, hearing, frame);
    if (hearing.missed === undefined) this.#joinChannels(member, hearing);
  }

  /** From now on `member` hears what `publishAwareness` says. */
  introduce(member: SyncMember): void {
    const hearing = this.#hearings.get(member);
    if (hearing === undefined) return;
    hearing.hearsAwareness = true;
    if (hearing.missed === undefined) this.#joinChannels(member, hearing);
  }

  /** To every member that has synced, less `except`; `encode` gives the frame of `update` in an encoding. */
  publishUpdate(update: Uint8Array, encode: (encoding: SyncEncoding) => Frame, except: SyncMember): void {
    for (const hearing of this.#behind) {
      if (hearing.hearsUpdates && hearing !== this.#hearings.get(except)) hearing.missed?.push(update);
    }
    if (update.byteLength > this.#largeBytes) this.#publishLarge(encode, except);
    else for (const [encoding, { updates }] of this.#channels) updates.publish(encode(encoding), except.connection);
    this.#publishedAt = this.#options.clock.now();
  }

  publishAwareness(body: Uint8Array): void {
    for (const [encoding, { awareness }] of this.#channels) awareness.publish(encoding.awareness(body));
    this.#publishedAt = this.#options.clock.now();
  }

  #publishLarge(encode: (encoding: SyncEncoding) => Frame, except: SyncMember): void {
    const frames = new Map([...this.#channels.keys()].map((encoding) => [encoding, encode(encoding)]));
    for (const [member, hearing] of this.#hearings) {
      const frame = frames.get(member.encoding);
      if (frame === undefined || member === except || !hearing.hearsUpdates || hearing.missed !== undefined) continue;
      this.#sendLarge(member, hearing, frame);
    }
  }

  #sendLarge(member: SyncMember, hearing: Hearing, frame: Frame): void {
    const { connection } = member;
    connection.sendSnapshot(frame);
    if (connection.unsentBytes === 0 || hearing.missed !== undefined) return;
    hearing.missed = [];
    this.#behind.add(hearing);
    this.#leaveChannels(member);
    connection.drained(() => this.#catchUp(member, hearing));
  }

  #catchUp(member: SyncMember, hearing: Hearing): void {
    if (this.#hearings.get(member) !== hearing) return;
    const missed = hearing.missed ?? [];
    hearing.missed = undefined;
    if (missed.length > 0) this.#sendLarge(member, hearing, member.encoding.update(mergeUpdates(missed)));
    if (hearing.missed !== undefined) return;
    this.#behind.delete(hearing);
    this.#joinChannels(member, hearing);
    this.#options.caughtUp(member);
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
    const now = clock.now();
    for (const [member, hearing] of this.#hearings) {
      const isPublishedTo = hearing.hearsUpdates && hearing.hearsAwareness && hearing.missed === undefined;
      const sentAt = Math.max(hearing.sentAt, isPublishedTo ? this.#publishedAt : hearing.sentAt);
      if (now - sentAt >= keepaliveMs) this.send(member, member.encoding.awareness(emptyAwareness));
    }
  }
}

function bytesOf(frame: Frame): number {
  return typeof frame === "string" ? frame.length : frame.byteLength;
}
