import type { Clock } from "../lib/time/clock.ts";
import { closeReasons, SessionError } from "../transport/close-reason.ts";
import type { RelayLimits } from "./limits.ts";
import { type AwarenessEntry, decodeAwareness, encodeAwareness } from "./sync-codec.ts";

/** How the awareness of a room reaches its members; `body` is an awareness update as y-protocols encodes it. */
export interface AwarenessOptions<Member> {
  readonly clock: Clock;
  readonly limits: RelayLimits;
  /** To every introduced member, the one that caused it included: the echo keeps y-websocket's watchdog content. */
  readonly broadcast: (body: Uint8Array) => void;
  readonly send: (member: Member, body: Uint8Array) => void;
  /** As `tell`; what is told makes the member's client raise its clock, and it is to announce itself with that. */
  readonly requestRenewal: (member: Member, body: Uint8Array) => void;
  /** From now on `member` is one of those that `broadcast` reaches. */
  readonly subscribed: (member: Member) => void;
}

interface ClientRecord<Member> {
  clock: number;
  /** JSON text; undefined once the client is gone: its clock is kept, since it may come back with an old one. */
  state: string | undefined;
  /** The member whose own id this is. Without one it is only heard of, through another peer. */
  primary: Member | undefined;
  seenAt: number;
}

/** A member from its first moment to its last. */
interface MemberRecord {
  clientId: number | undefined;
  hasSentFrame: boolean;
  isSubscribed: boolean;
  cancelSubscription: (() => void) | undefined;
  cancelRenewal: (() => void) | undefined;
  renewalRequestedAt: number;
}

/** The known states go to a member this long after its first frame, unless its own awareness comes before. */
const subscriptionDelayMs = 100;
/** The same after accept, for a member that says nothing. Longer than a slow link's round trip: see `heard`. */
const silentSubscriptionDelayMs = 1_000;
const broadcastIntervalMs = 30;
const renewalIntervalMs = 1_000;
/** y-protocols' own rule for a state that nobody renews. */
const expiryMs = 30_000;
const sweepMs = 5_000;
/** y-protocols adds 1 per change: nobody gets here honestly, and a client cannot count on from 2⁵³. */
const largestClock = 2 ** 32;

/**
 * Who is present in a room: a table of the latest state per client id, without parsing one.
 *
 * Clients pass on every state they learn, drop the states of others when they disconnect but keep the clocks, and come
 * back with their own old clock, which everybody else rejects. The rules (a) to (e) below keep presence complete
 * through that and quiet in between.
 */
export class Awareness<Member> {
  readonly #options: AwarenessOptions<Member>;
  readonly #clients = new Map<number, ClientRecord<Member>>();
  readonly #members = new Map<Member, MemberRecord>();
  /** Client ids that are gone: without a state and without a primary. */
  readonly #departed = new Set<number>();
  /** Of all states together, in UTF-16 code units. */
  #stateLength = 0;
  /** Client ids whose change has not been broadcast. */
  readonly #changed = new Set<number>();
  #broadcastAt = Number.NEGATIVE_INFINITY;
  #cancelBroadcast: (() => void) | undefined;
  #cancelSweep: (() => void) | undefined;

  constructor(options: AwarenessOptions<Member>) {
    this.#options = options;
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

  /** Any frame came from `member`: what a client says about itself on connecting follows in the same instant. */
  frameReceived(member: Member): void {
    const record = this.#members.get(member);
    if (record === undefined || record.hasSentFrame) return;
    record.hasSentFrame = true;
    if (!record.isSubscribed) this.#subscribeAfter(member, record, subscriptionDelayMs);
  }

  /** Throws `SessionError` malformed-frame or frame-too-large. */
  updateReceived(member: Member, body: Uint8Array): void {
    const entries = this.#decode(body);
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

  /** Tells `member` every state there is. */
  query(member: Member): void {
    const entries: AwarenessEntry[] = [];
    for (const [clientId, { clock, state }] of this.#clients) {
      if (state !== undefined) entries.push({ clientId, clock, state });
    }
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

  /** A frame of `member` of which nothing is believed: who it is may not be shown. */
  updateIgnored(member: Member): void {
    const record = this.#members.get(member);
    if (record !== undefined) this.#subscribe(member, record);
  }

  /** `member` stays, and is not shown any more. */
  hidden(member: Member): void {
    const record = this.#members.get(member);
    if (record !== undefined) this.#removeStateOf(member, record);
  }

  /** (e) When a primary leaves, its id goes at once; its late close changes nothing once another took the id over. */
  #removeStateOf(member: Member, record: MemberRecord): void {
    const id = record.clientId;
    const client = id === undefined ? undefined : this.#clients.get(id);
    if (id === undefined || client?.primary !== member) return;
    client.primary = undefined;
    this.#remove(id, client);
    this.#departed.add(id);
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

  /** (a) The one own state that a client sends before it can have learnt any: `member` is that id's primary now. */
  #makePrimary(member: Member, record: MemberRecord, entry: AwarenessEntry, before: number | undefined): void {
    const client = this.#clients.get(entry.clientId);
    if (client === undefined) return;
    client.primary = member;
    this.#departed.delete(entry.clientId);
    client.seenAt = this.#options.clock.now();
    record.clientId = entry.clientId;
    // (b) y-protocols answers its own removal by raising its clock above this one and announcing itself again.
    const clock = Math.max(before ?? 0, entry.clock);
    this.#options.requestRenewal(member, encodeAwareness([{ clientId: entry.clientId, clock, state: undefined }]));
    if (before === undefined) return;
    // (c) Who comes back has dropped the states of the others and takes them only with higher clocks.
    for (const [other, theirs] of this.#members) {
      if (other !== member && theirs.clientId !== undefined) this.#requestRenewal(other, theirs, theirs.clientId);
    }
  }

  /** Makes a primary announce itself again, at most once per second; what comes too soon is done when it is due. */
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

  #decode(body: Uint8Array): readonly AwarenessEntry[] {
    const { awarenessFrameBytes, awarenessStateLength } = this.#options.limits;
    if (body.byteLength > awarenessFrameBytes) {
      throw new SessionError(closeReasons.frameTooLarge, `an awareness update of ${body.byteLength} bytes`);
    }
    const entries = decodeAwareness(body);
    const longest = entries.reduce((length, { state }) => Math.max(length, state?.length ?? 0), 0);
    if (longest <= awarenessStateLength) return entries;
    throw new SessionError(closeReasons.frameTooLarge, `an awareness state of ${longest} characters`);
  }

  /** (d) Only what is above the known clock counts, and a removal only from the primary where there is one. */
  #apply(member: Member, { clientId, clock, state }: AwarenessEntry): void {
    if (clock >= largestClock) return;
    const client = this.#clients.get(clientId);
    if (client === undefined) {
      if (state === undefined || !this.#makeRoom(state.length)) return;
      const seenAt = this.#options.clock.now();
      this.#clients.set(clientId, { clock, state, primary: undefined, seenAt });
      this.#stateLength += state.length;
    } else {
      if (clock <= client.clock) return;
      if (state === undefined && client.primary !== undefined && client.primary !== member) return;
      if (state !== undefined && !this.#fits(state.length - (client.state?.length ?? 0))) return;
      client.clock = clock;
      client.seenAt = this.#options.clock.now();
      this.#setState(clientId, client, state);
    }
    this.#changed.add(clientId);
  }

  #setState(clientId: number, client: ClientRecord<Member>, state: string | undefined): void {
    this.#stateLength += (state?.length ?? 0) - (client.state?.length ?? 0);
    client.state = state;
    if (state === undefined && client.primary === undefined) this.#departed.add(clientId);
    else this.#departed.delete(clientId);
  }

  #fits(addedLength: number): boolean {
    return this.#stateLength + addedLength <= this.#options.limits.awarenessLength;
  }

  /** For one more client: forgets one that is gone when the table is full; false when there is no room. */
  #makeRoom(addedLength: number): boolean {
    if (!this.#fits(addedLength)) return false;
    if (this.#clients.size < this.#options.limits.awarenessClients) return true;
    for (const clientId of this.#departed) {
      this.#departed.delete(clientId);
      this.#clients.delete(clientId);
      return true;
    }
    return false;
  }

  #remove(clientId: number, client: ClientRecord<Member>): void {
    if (client.state === undefined) return;
    this.#setState(clientId, client, undefined);
    this.#changed.add(clientId);
  }

  /** The first change goes out at once, what follows at most every 30 ms, with the latest state per client. */
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
      if (client !== undefined) entries.push({ clientId, clock: client.clock, state: client.state });
    }
    this.#changed.clear();
    this.#broadcastAt = this.#options.clock.now();
    this.#options.broadcast(encodeAwareness(entries));
  }

  #sweep(): void {
    this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
    const now = this.#options.clock.now();
    for (const [clientId, client] of this.#clients) {
      if (client.primary === undefined && now - client.seenAt >= expiryMs) this.#remove(clientId, client);
    }
    this.#publish();
  }

  #clear(): void {
    this.#clients.clear();
    this.#departed.clear();
    this.#stateLength = 0;
    this.#changed.clear();
    this.#cancelBroadcast?.();
    this.#cancelBroadcast = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }
}
