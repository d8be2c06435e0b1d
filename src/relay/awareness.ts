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
  readonly tell: (member: Member, body: Uint8Array) => void;
  /** As `tell`; what is told makes the member's client raise its clock, and it is to announce itself with that. */
  readonly revive: (member: Member, body: Uint8Array) => void;
  /** From now on `member` is one of those that `broadcast` reaches. */
  readonly introduced: (member: Member) => void;
}

interface Known<Member> {
  clock: number;
  /** JSON text; undefined once the client is gone: its clock is kept, since it may come back with an old one. */
  state: string | undefined;
  /** The member whose own id this is. Without one it is only heard of, through another peer. */
  primary: Member | undefined;
  seenAt: number;
}

/** A member from its first moment to its last. */
interface Presence {
  clientId: number | undefined;
  isHeard: boolean;
  isIntroduced: boolean;
  cancelIntroduction: (() => void) | undefined;
  cancelAsking: (() => void) | undefined;
  askedAt: number;
}

/** The known states go to a member this long after its first frame, unless its own awareness comes before. */
const introductionMs = 100;
/** The same after accept, for a member that says nothing. Longer than a slow link's round trip: see `heard`. */
const silentIntroductionMs = 1_000;
const broadcastIntervalMs = 30;
const askIntervalMs = 1_000;
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
  readonly #known = new Map<number, Known<Member>>();
  readonly #members = new Map<Member, Presence>();
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
    const presence: Presence = {
      clientId: undefined,
      isHeard: false,
      isIntroduced: false,
      cancelIntroduction: undefined,
      cancelAsking: undefined,
      askedAt: Number.NEGATIVE_INFINITY,
    };
    this.#members.set(member, presence);
    this.#introduceAfter(member, presence, silentIntroductionMs);
    this.#cancelSweep ??= this.#options.clock.after(sweepMs, () => this.#sweep());
  }

  /** Any frame came from `member`: what a client says about itself on connecting follows in the same instant. */
  heard(member: Member): void {
    const presence = this.#members.get(member);
    if (presence === undefined || presence.isHeard) return;
    presence.isHeard = true;
    if (!presence.isIntroduced) this.#introduceAfter(member, presence, introductionMs);
  }

  /** Throws `SessionError` malformed-frame or frame-too-large. */
  received(member: Member, body: Uint8Array): void {
    const entries = this.#decode(body);
    const presence = this.#members.get(member);
    if (presence === undefined) return;
    const [entry] = entries;
    const isOwn = !presence.isIntroduced && entries.length === 1 && entry?.state !== undefined;
    const before = isOwn ? this.#known.get(entry.clientId)?.clock : undefined;
    for (const each of entries) this.#apply(member, each);
    this.#introduce(member, presence);
    if (isOwn) this.#claim(member, presence, entry, before);
    this.#publish();
  }

  /** Tells `member` every state there is. */
  query(member: Member): void {
    const entries: AwarenessEntry[] = [];
    for (const [clientId, { clock, state }] of this.#known) {
      if (state !== undefined) entries.push({ clientId, clock, state });
    }
    if (entries.length > 0) this.#options.tell(member, encodeAwareness(entries));
  }

  left(member: Member): void {
    const presence = this.#members.get(member);
    if (presence === undefined) return;
    presence.cancelIntroduction?.();
    presence.cancelAsking?.();
    this.#members.delete(member);
    if (this.#members.size === 0) {
      this.#clear();
      return;
    }
    this.#withdraw(member, presence);
  }

  /** A frame of `member` of which nothing is believed: who it is may not be shown. */
  ignored(member: Member): void {
    const presence = this.#members.get(member);
    if (presence !== undefined) this.#introduce(member, presence);
  }

  /** `member` stays, and is not shown any more. */
  withdrew(member: Member): void {
    const presence = this.#members.get(member);
    if (presence !== undefined) this.#withdraw(member, presence);
  }

  /** (e) When a primary leaves, its id goes at once; its late close changes nothing once another took the id over. */
  #withdraw(member: Member, presence: Presence): void {
    const id = presence.clientId;
    const known = id === undefined ? undefined : this.#known.get(id);
    if (id === undefined || known?.primary !== member) return;
    known.primary = undefined;
    this.#remove(id, known);
    this.#departed.add(id);
    this.#publish();
  }

  #introduceAfter(member: Member, presence: Presence, delayMs: number): void {
    presence.cancelIntroduction?.();
    presence.cancelIntroduction = this.#options.clock.after(delayMs, () => this.#introduce(member, presence));
  }

  #introduce(member: Member, presence: Presence): void {
    if (presence.isIntroduced) return;
    presence.isIntroduced = true;
    presence.cancelIntroduction?.();
    this.#options.introduced(member);
    this.query(member);
  }

  /** (a) The one own state that a client sends before it can have learnt any: `member` is that id's primary now. */
  #claim(member: Member, presence: Presence, entry: AwarenessEntry, before: number | undefined): void {
    const known = this.#known.get(entry.clientId);
    if (known === undefined) return;
    known.primary = member;
    this.#departed.delete(entry.clientId);
    known.seenAt = this.#options.clock.now();
    presence.clientId = entry.clientId;
    // (b) y-protocols answers its own removal by raising its clock above this one and announcing itself again.
    const clock = Math.max(before ?? 0, entry.clock);
    this.#options.revive(member, encodeAwareness([{ clientId: entry.clientId, clock, state: undefined }]));
    if (before === undefined) return;
    // (c) Who comes back has dropped the states of the others and takes them only with higher clocks.
    for (const [other, theirs] of this.#members) {
      if (other !== member && theirs.clientId !== undefined) this.#ask(other, theirs, theirs.clientId);
    }
  }

  /** Makes a primary announce itself again, at most once per second; what comes too soon is done when it is due. */
  #ask(member: Member, presence: Presence, clientId: number): void {
    if (presence.cancelAsking !== undefined) return;
    const { clock } = this.#options;
    const waitMs = presence.askedAt + askIntervalMs - clock.now();
    const ask = () => {
      presence.cancelAsking = undefined;
      presence.askedAt = clock.now();
      const known = this.#known.get(clientId);
      if (known?.primary !== member) return;
      this.#options.revive(member, encodeAwareness([{ clientId, clock: known.clock, state: undefined }]));
    };
    if (waitMs <= 0) ask();
    else presence.cancelAsking = clock.after(waitMs, ask);
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
    const known = this.#known.get(clientId);
    if (known === undefined) {
      if (state === undefined || !this.#makeRoom(state.length)) return;
      const seenAt = this.#options.clock.now();
      this.#known.set(clientId, { clock, state, primary: undefined, seenAt });
      this.#stateLength += state.length;
    } else {
      if (clock <= known.clock) return;
      if (state === undefined && known.primary !== undefined && known.primary !== member) return;
      if (state !== undefined && !this.#fits(state.length - (known.state?.length ?? 0))) return;
      known.clock = clock;
      known.seenAt = this.#options.clock.now();
      this.#setState(clientId, known, state);
    }
    this.#changed.add(clientId);
  }

  #setState(clientId: number, known: Known<Member>, state: string | undefined): void {
    this.#stateLength += (state?.length ?? 0) - (known.state?.length ?? 0);
    known.state = state;
    if (state === undefined && known.primary === undefined) this.#departed.add(clientId);
    else this.#departed.delete(clientId);
  }

  #fits(addedLength: number): boolean {
    return this.#stateLength + addedLength <= this.#options.limits.awarenessLength;
  }

  /** For one more client: forgets one that is gone when the table is full; false when there is no room. */
  #makeRoom(addedLength: number): boolean {
    if (!this.#fits(addedLength)) return false;
    if (this.#known.size < this.#options.limits.awarenessClients) return true;
    for (const clientId of this.#departed) {
      this.#departed.delete(clientId);
      this.#known.delete(clientId);
      return true;
    }
    return false;
  }

  #remove(clientId: number, known: Known<Member>): void {
    if (known.state === undefined) return;
    this.#setState(clientId, known, undefined);
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
      const known = this.#known.get(clientId);
      if (known !== undefined) entries.push({ clientId, clock: known.clock, state: known.state });
    }
    this.#changed.clear();
    this.#broadcastAt = this.#options.clock.now();
    this.#options.broadcast(encodeAwareness(entries));
  }

  #sweep(): void {
    this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
    const now = this.#options.clock.now();
    for (const [clientId, known] of this.#known) {
      if (known.primary === undefined && now - known.seenAt >= expiryMs) this.#remove(clientId, known);
    }
    this.#publish();
  }

  #clear(): void {
    this.#known.clear();
    this.#departed.clear();
    this.#stateLength = 0;
    this.#changed.clear();
    this.#cancelBroadcast?.();
    this.#cancelBroadcast = undefined;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }
}
