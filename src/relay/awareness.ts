import type { Clock } from "../lib/time/clock.ts";
import { AwarenessTable } from "./awareness-table.ts";
import type { MessageBound } from "./dropped-messages.ts";
import type { RelayLimits } from "./limits.ts";
import { type AwarenessEntry, decodeAwareness, encodeAwareness } from "./sync-codec.ts";

/**
 * The ways by which awareness reaches the members of a room. `body` is an awareness update as y-protocols encodes it.
 */
export interface AwarenessOptions<Member> {
  readonly clock: Clock;
  readonly limits: RelayLimits;
  /** Sends to every subscribed member, the originator included: the echo keeps y-websocket's watchdog from closing. */
  readonly broadcast: (body: Uint8Array) => void;
  readonly send: (member: Member, body: Uint8Array) => void;
  /**
   * As `send`, with the removal of the member's own state: its client then raises its clock and announces itself again.
   */
  readonly requestRenewal: (member: Member, body: Uint8Array) => void;
  /** A state, or a whole update, of `member` is dropped at `bound`. `detail` gives its size. */
  readonly dropped: (member: Member, bound: MessageBound, detail: string) => void;
  /** From now on `broadcast` reaches `member`. */
  readonly subscribed: (member: Member) => void;
}

/** The awareness of one member, from `joined` to `left`. */
interface MemberRecord {
  clientId: number | undefined;
  hasSentFrame: boolean;
  isSubscribed: boolean;
  cancelSubscription: (() => void) | undefined;
  cancelRenewal: (() => void) | undefined;
  renewalRequestedAt: number;
}

/** A member is subscribed this long after its first frame, or earlier, with its own awareness. */
const subscriptionDelayMs = 100;
/**
 * A member that sends nothing is subscribed this long after `joined`. It is longer than a round trip on a slow link,
 * see `frameReceived`.
 */
const silentSubscriptionDelayMs = 1_000;
const broadcastIntervalMs = 30;
const renewalIntervalMs = 1_000;
/** A state without a primary expires when it was not renewed for this long: y-protocols' own rule. */
const expiryMs = 30_000;
const sweepMs = 5_000;
/**
 * States with a clock from this value on are dropped. y-protocols adds 1 per change, so no real client gets here, and none can count
 * beyond 2⁵³.
 */
const maxClock = 2 ** 32;

/**
 * The awareness of a room: a table of the latest state per client id. States are not parsed.
 *
 * Clients pass on every state that they learn. When they disconnect they drop the states of others but keep the clocks,
 * and they reconnect with their own old clock, which all others reject. The rules (a) to (e) below keep the table
 * complete in spite of that, with no more messages than necessary.
 */
export class Awareness<Member> {
  readonly #options: AwarenessOptions<Member>;
  readonly #clients: AwarenessTable<Member>;
  readonly #members = new Map<Member, MemberRecord>();
  /** Client ids with a change that is not broadcast yet. */
  readonly #changed = new Set<number>();
  #broadcastAt = Number.NEGATIVE_INFINITY;
  #cancelBroadcast: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(options: AwarenessOptions<Member>) {
    this.#options = options;
    this.#clients = new AwarenessTable(options.limits);
  }

  joined(member: Member): void {
    const record: MemberRecord = {
      clientId: undefined,
      hasSentFrame: false,
      isSubscribed: false,
      cancelSubscription: undefined,
      cancelRenewal: undefined,
      renewalRequestedAt: Number.NEGATIVE_INFINITY,
    };
    this.#members.set(member, record);
    this.#subscribeAfter(member, record, silentSubscriptionDelayMs);
    this.#cancelSweep ??= this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  /**
   * Called for each frame of `member`. Only the first counts: the client's own awareness follows it in the same
   * instant.
   */
  frameReceived(member: Member): void {
    const record = this.#members.get(member);
    if (record === undefined || record.hasSentFrame) return;
    record.hasSentFrame = true;
    if (!record.isSubscribed) this.#subscribeAfter(member, record, subscriptionDelayMs);
  }

  /** Takes an awareness update of `member`. Throws `SessionError` malformed-frame. */
  updateReceived(member: Member, body: Uint8Array): void {
    const entries = this.#decode(member, body);
    const record = this.#members.get(member);
    if (record === undefined) return;
    const [entry] = entries;
    const isOwn = !record.isSubscribed && entries.length === 1 && entry?.state !== undefined;
    const before = isOwn ? this.#clients.get(entry.clientId)?.clock : undefined;
    for (const each of entries) this.#apply(member, each);
    this.#subscribe(member, record);
    if (isOwn) this.#makePrimary(member, record, entry, before);
    this.#publish();
  }

  /** Sends `member` all states. */
  query(member: Member): void {
    const entries = this.#clients.present();
    if (entries.length > 0) this.#options.send(member, encodeAwareness(entries));
  }

  left(member: Member): void {
    const record = this.#members.get(member);
    if (record === undefined) return;
    record.cancelSubscription?.();
    record.cancelRenewal?.();
    this.#members.delete(member);
    if (this.#members.size === 0) {
      this.#clear();
      return;
    }
    this.#removeStateOf(member, record);
  }

  /** Reports an awareness update of `member` that is dropped, because the member may not be shown. */
  updateIgnored(member: Member): void {
    const record = this.#members.get(member);
    if (record !== undefined) this.#subscribe(member, record);
  }

  /** Removes the state of `member`, which stays but may not be shown any more. */
  hidden(member: Member): void {
    const record = this.#members.get(member);
    if (record !== undefined) this.#removeStateOf(member, record);
  }

  /**
   * (e) When a primary leaves, its state is removed immediately. A late close changes nothing once another member is
   * the primary.
   */
  #removeStateOf(member: Member, record: MemberRecord): void {
    const id = record.clientId;
    const client = id === undefined ? undefined : this.#clients.get(id);
    if (id === undefined || client?.primary !== member) return;
    this.#clients.setPrimary(id, undefined);
    this.#remove(id);
    this.#publish();
  }

  #subscribeAfter(member: Member, record: MemberRecord, delayMs: number): void {
    record.cancelSubscription?.();
    record.cancelSubscription = this.#options.clock.after(delayMs, () => this.#subscribe(member, record));
  }

  #subscribe(member: Member, record: MemberRecord): void {
    if (record.isSubscribed) return;
    record.isSubscribed = true;
    record.cancelSubscription?.();
    this.#options.subscribed(member);
    this.query(member);
  }

  /**
   * (a) A single state that a client sends before it can have learnt any other is its own: its member becomes the
   * primary of that id.
   */
  #makePrimary(member: Member, record: MemberRecord, entry: AwarenessEntry, before: number | undefined): void {
    const client = this.#clients.get(entry.clientId);
    if (client === undefined) return;
    this.#clients.setPrimary(entry.clientId, member);
    record.clientId = entry.clientId;
    // (b) y-protocols answers its own removal by raising its clock above this one and announcing itself again.
    const clock = Math.max(before ?? 0, entry.clock);
    this.#options.requestRenewal(member, encodeAwareness([{ clientId: entry.clientId, clock, state: undefined }]));
    if (before === undefined) return;
    // (c) A client that comes back has dropped the states of the others, and accepts them only with higher clocks.
    for (const [other, theirs] of this.#members) {
      if (other !== member && theirs.clientId !== undefined) this.#requestRenewal(other, theirs, theirs.clientId);
    }
  }

  /** Makes a primary announce itself again, at most once per second. A request that comes too soon is delayed. */
  #requestRenewal(member: Member, record: MemberRecord, clientId: number): void {
    if (record.cancelRenewal !== undefined) return;
    const { clock } = this.#options;
    const waitMs = record.renewalRequestedAt + renewalIntervalMs - clock.now();
    const request = () => {
      record.cancelRenewal = undefined;
      record.renewalRequestedAt = clock.now();
      const client = this.#clients.get(clientId);
      if (client?.primary !== member) return;
      this.#options.requestRenewal(member, encodeAwareness([{ clientId, clock: client.clock, state: undefined }]));
    };
    if (waitMs <= 0) request();
    else record.cancelRenewal = clock.after(waitMs, request);
  }

  /** Returns no entries of an update that is too large: presence must not end the session. */
  #decode(member: Member, body: Uint8Array): readonly AwarenessEntry[] {
    if (body.byteLength <= this.#options.limits.awarenessFrameBytes) return decodeAwareness(body);
    this.#options.dropped(member, "limits.awareness-frame-bytes", `${body.byteLength} bytes`);
    return [];
  }

  /**
   * (d) An entry counts only if its clock is above the known one. A removal counts only from the primary, if there is
   * one.
   */
  #apply(member: Member, entry: AwarenessEntry): void {
    const { clientId, clock, state } = entry;
    const client = this.#clients.get(clientId);
    if (client === undefined ? state === undefined : clock <= client.clock) return;
    if (state === undefined && client?.primary !== undefined && client.primary !== member) return;
    const exceeded = clock < maxClock ? this.#clients.set(entry, this.#options.clock.now()) : "awareness-clock";
    if (exceeded === undefined) this.#changed.add(clientId);
    else this.#options.dropped(member, exceeded, `clock ${clock}, ${state?.length ?? 0} characters`);
  }

  #remove(clientId: number): void {
    if (this.#clients.remove(clientId)) this.#changed.add(clientId);
  }

  /**
   * Broadcasts changes: the first one immediately, later ones at most every 30 ms, with the latest state per client.
   */
  #publish(): void {
    if (this.#changed.size === 0 || this.#cancelBroadcast !== undefined) return;
    const { clock } = this.#options;
    const waitMs = this.#broadcastAt + broadcastIntervalMs - clock.now();
    if (waitMs <= 0) this.#flush();
    else this.#cancelBroadcast = clock.after(waitMs, () => this.#flush());
  }

  #flush(): void {
    this.#cancelBroadcast = undefined;
    const entries: AwarenessEntry[] = [];
    for (const clientId of this.#changed) {
      const client = this.#clients.get(clientId);
      if (client !== undefined) entries.push(client);
    }
    this.#changed.clear();
    this.#broadcastAt = this.#options.clock.now();
    this.#options.broadcast(encodeAwareness(entries));
  }

  #sweep(): void {
    this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
    const now = this.#options.clock.now();
    for (const { clientId, primary, seenAt } of this.#clients.clients()) {
      if (primary === undefined && now - seenAt >= expiryMs) this.#remove(clientId);
    }
    this.#publish();
  }

  #clear(): void {
    this.#clients.clear();
    this.#changed.clear();
    this.#cancelBroadcast?.();
    this.#cancelBroadcast = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }
}
