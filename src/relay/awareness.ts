import type { Clock } from "../lib/time/clock.ts";
import { PacedTask } from "../lib/time/paced-task.ts";
import { AwarenessBroadcast } from "./awareness-broadcast.ts";
import { AwarenessTable, type ClientRecord } from "./awareness-table.ts";
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
  /** As `send`, with an entry that makes the member's client raise its clock and announce itself again. */
  readonly requestRenewal: (member: Member, body: Uint8Array) => void;
  /** A state, or a whole update, of `member` is dropped at `bound`. `detail` gives its size. */
  readonly dropped: (member: Member, bound: MessageBound, detail: string) => void;
  /** From now on `broadcast` reaches `member`. */
  readonly subscribed: (member: Member) => void;
}

/** The awareness of one member, from `joined` to `left`. */
interface MemberRecord {
  /** The client id that the member announces as its own. The id's primary can be another member that does so too. */
  ownId: number | undefined;
  /** Whether the own id is only claimed: a member without presence may have passed on the state of another client. */
  isClaim: boolean;
  /** The clock of the last state of the own id that the member has sent; undefined once it has removed it. */
  announcedClock: number | undefined;
  hasSentFrame: boolean;
  isSubscribed: boolean;
  /** The id that a member without an own id was asked about, because it may be returning with it. */
  returningId: number | undefined;
  cancelSubscription: (() => void) | undefined;
  /** The renewals and the answers to queries, once there was one. */
  renewal: PacedTask | undefined;
  answer: PacedTask | undefined;
}

/** A member is subscribed this long after its first frame, or earlier, with its own awareness. */
const subscriptionDelayMs = 100;
/**
 * A member that sends nothing is subscribed this long after `joined`. It is longer than a round trip on a slow link,
 * see `frameReceived`.
 */
const silentSubscriptionDelayMs = 1_000;
const renewalIntervalMs = 1_000;
const answerIntervalMs = 1_000;
/** A state that has no primary, or is only claimed, expires when it was not renewed for this long, as in y-protocols. */
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
  /** Client ids that several members have announced as their own. */
  readonly #contested = new Set<number>();
  readonly #broadcast: AwarenessBroadcast;
  #cancelSweep: (() => void) | undefined;

  constructor(options: AwarenessOptions<Member>) {
    this.#options = options;
    this.#clients = new AwarenessTable(options.limits);
    const { clock, broadcast } = options;
    this.#broadcast = new AwarenessBroadcast({ clock, broadcast, entryOf: (clientId) => this.#clients.get(clientId) });
  }

  joined(member: Member): void {
    const record: MemberRecord = {
      ownId: undefined,
      isClaim: false,
      announcedClock: undefined,
      hasSentFrame: false,
      isSubscribed: false,
      returningId: undefined,
      cancelSubscription: undefined,
      renewal: undefined,
      answer: undefined,
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
    const lone = loneState(entries);
    const before = lone === undefined ? undefined : this.#clients.get(lone.clientId)?.clock;
    let isNew = false;
    for (const entry of entries) isNew = this.#apply(member, record, entry);
    const isFirst = !record.isSubscribed;
    this.#subscribe(member, record);
    if (lone !== undefined && isFirst) this.#firstStateReceived(member, record, lone, before);
    else if (lone !== undefined && isNew) this.#claim(member, record, lone.clientId);
    else if (lone !== undefined) this.#oldStateReceived(member, record, lone.clientId);
    this.#broadcast.flush();
  }

  /** Answers a query of `member` with all states: at once, but at most once per second, because the answer is large. */
  queryReceived(member: Member): void {
    const record = this.#members.get(member);
    if (record === undefined) return;
    record.answer ??= this.#paced(answerIntervalMs, () => this.query(member));
    record.answer.request();
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
    record.renewal?.cancel();
    record.answer?.cancel();
    this.#members.delete(member);
    if (this.#members.size === 0) {
      this.#clear();
      return;
    }
    this.#release(member, record);
  }

  /** Reports an awareness update of `member` that is dropped, because the member may not be shown. */
  updateIgnored(member: Member): void {
    const record = this.#members.get(member);
    if (record !== undefined) this.#subscribe(member, record);
  }

  /** Removes the state of `member`, which stays but may not be shown any more. */
  hidden(member: Member): void {
    const record = this.#members.get(member);
    if (record !== undefined) this.#release(member, record);
  }

  /**
   * (e) Takes its own id from `member`, if it is the primary: the state is removed, unless another member that has the
   * same own id announces it too. The late close of an older connection changes nothing.
   */
  #release(member: Member, record: MemberRecord): void {
    const { ownId } = record;
    const client = ownId === undefined ? undefined : this.#clients.get(ownId);
    if (client?.primary !== member) return;
    if (record.isClaim) record.ownId = undefined;
    const heir = this.#heirOf(client, member);
    this.#clients.setPrimary(client.clientId, heir);
    if (heir === undefined) this.#remove(client.clientId);
    this.#broadcast.flush();
  }

  /** Returns another member that has sent the latest clock of a client as its own. */
  #heirOf({ clientId, clock }: ClientRecord<Member>, member: Member): Member | undefined {
    if (!this.#contested.has(clientId)) return undefined;
    for (const [other, { ownId, announcedClock }] of this.#members) {
      if (other !== member && ownId === clientId && announcedClock === clock) return other;
    }
    this.#contested.delete(clientId);
    return undefined;
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
   * (a) A lone state that a client sends before it has learnt any other is its own: its member becomes the primary of
   * that id. `before` is the clock that was known.
   */
  #firstStateReceived(member: Member, record: MemberRecord, own: AwarenessEntry, before: number | undefined): void {
    const client = this.#clients.get(own.clientId);
    if (client === undefined) return;
    const isBehind = before !== undefined && own.clock < before;
    if (client.primary === undefined || !isBehind) {
      record.ownId = own.clientId;
      record.isClaim = client.primary !== undefined;
      record.announcedClock = own.clock;
      this.#makePrimary(member, own.clientId);
    }
    // (b) The others take a clock that is above the known one.
    if (before === undefined || before === own.clock) this.#renew(member, own);
    else if (isBehind) this.#renew(member, { clientId: own.clientId, clock: before, state: undefined });
    if (before !== undefined) this.#renewOthers(member);
  }

  /** (c) A client that comes back has dropped the states of the others, and accepts them only with higher clocks. */
  #renewOthers(member: Member): void {
    for (const [other, record] of this.#members) {
      if (other !== member) this.#requestRenewal(other, record);
    }
  }

  /**
   * (a) A later lone state with a new clock: its member claims the id, if it has no own one. It may have passed on the
   * state of a WebRTC peer, so it takes an id only from a member that has claimed it in the same way.
   */
  #claim(member: Member, record: MemberRecord, clientId: number): void {
    if (record.ownId !== undefined || this.#isOwned(this.#clients.get(clientId)?.primary)) return;
    record.ownId = clientId;
    record.isClaim = true;
    this.#makePrimary(member, clientId);
    if (record.returningId === clientId) this.#renewOthers(member);
  }

  /** Whether the primary of an id has announced it first, and not only claimed it. */
  #isOwned(primary: Member | undefined): boolean {
    return primary !== undefined && this.#members.get(primary)?.isClaim === false;
  }

  #makePrimary(member: Member, clientId: number): void {
    const primary = this.#clients.get(clientId)?.primary;
    if (primary === member) return;
    this.#clients.setPrimary(clientId, member);
    const loser = primary === undefined ? undefined : this.#members.get(primary);
    if (loser?.isClaim === false) this.#contested.add(clientId);
    else if (loser !== undefined) loser.ownId = undefined;
  }

  /**
   * (b) A client that returns can come so late that its state is not taken for the first: if nobody has that id, it is
   * asked to raise its clock. A member that has passed on the state of a client that is gone drops it.
   */
  #oldStateReceived(member: Member, record: MemberRecord, clientId: number): void {
    const client = this.#clients.get(clientId);
    if (record.ownId !== undefined || client === undefined || !isGone(client)) return;
    record.returningId = clientId;
    this.#requestRenewal(member, record);
  }

  /**
   * (b) Makes the client of `member` announce its state again with a higher clock.
   *
   * A state is sent back with the next clock, which y-protocols takes over like that of another client; the application
   * sees no change. A removal with the known clock makes y-protocols raise its clock and keep its state, but it reports
   * the removal to the application.
   */
  #renew(member: Member, { clientId, clock, state }: AwarenessEntry): void {
    const entry = { clientId, clock: state === undefined ? clock : clock + 1, state };
    this.#options.requestRenewal(member, encodeAwareness([entry]));
  }

  /** Renews the client of `member`, at most once per second. */
  #requestRenewal(member: Member, record: MemberRecord): void {
    record.renewal ??= this.#paced(renewalIntervalMs, () => {
      const client = this.#renewable(member, record);
      if (client !== undefined) this.#renew(member, client);
    });
    record.renewal.request();
  }

  /** The client of `member` if it has a state, or the one that may be returning if it is gone. */
  #renewable(member: Member, { ownId, returningId }: MemberRecord): ClientRecord<Member> | undefined {
    const id = ownId ?? returningId;
    const client = id === undefined ? undefined : this.#clients.get(id);
    if (client === undefined) return undefined;
    const isOwn = client.state !== undefined && client.primary === member;
    return (ownId === undefined ? isGone(client) : isOwn) ? client : undefined;
  }

  /** Returns no entries of an update that is too large: presence must not end the session. */
  #decode(member: Member, body: Uint8Array): readonly AwarenessEntry[] {
    if (body.byteLength <= this.#options.limits.awarenessFrameBytes) return decodeAwareness(body);
    this.#options.dropped(member, "limits.awareness-frame-bytes", `${body.byteLength} bytes`);
    return [];
  }

  /**
   * (d) An entry counts only if its clock is above the known one. A removal counts only from the primary, if there is
   * one, and from it also with the known clock: y-protocols sends such a one when it disconnects, or when it has not
   * heard of a client for 30 s. Returns whether the entry has changed the table.
   */
  #apply(member: Member, record: MemberRecord, entry: AwarenessEntry): boolean {
    const { clientId, clock, state } = entry;
    const client = this.#clients.get(clientId);
    if (record.ownId === clientId) record.announcedClock = state === undefined ? undefined : clock;
    if (state === undefined) return client !== undefined && this.#applyRemoval(member, record, entry, client);
    if (client !== undefined && clock <= client.clock) return false;
    if (!this.#set(member, entry)) return false;
    if (record.ownId === clientId) this.#makePrimary(member, clientId);
    else if (record.returningId === clientId) this.#claim(member, record, clientId);
    return true;
  }

  #applyRemoval(member: Member, record: MemberRecord, entry: AwarenessEntry, client: ClientRecord<Member>): boolean {
    const { primary } = client;
    if (primary === member && entry.clock === client.clock) this.#release(member, record);
    if (entry.clock <= client.clock) return false;
    return (primary === member || !this.#isOwned(primary)) && this.#set(member, entry);
  }

  /** Puts an entry into the table. Returns false when it is dropped at a bound. */
  #set(member: Member, entry: AwarenessEntry): boolean {
    const { clientId, clock, state } = entry;
    const exceeded = clock < maxClock ? this.#clients.set(entry, this.#options.clock.now()) : "awareness-clock";
    if (exceeded === undefined) this.#broadcast.changed(clientId);
    else this.#options.dropped(member, exceeded, `clock ${clock}, ${state?.length ?? 0} characters`);
    return exceeded === undefined;
  }

  #remove(clientId: number): void {
    if (this.#clients.remove(clientId)) this.#broadcast.changed(clientId);
  }

  #paced(intervalMs: number, task: () => void): PacedTask {
    return new PacedTask({ task, intervalMs, clock: this.#options.clock });
  }

  #sweep(): void {
    this.#cancelSweep = this.#options.clock.after(sweepMs, () => this.#sweep());
    const now = this.#options.clock.now();
    for (const { clientId, primary, seenAt } of this.#clients.clients()) {
      if (now - seenAt < expiryMs || this.#isOwned(primary)) continue;
      const record = primary === undefined ? undefined : this.#members.get(primary);
      if (primary !== undefined && record !== undefined) this.#release(primary, record);
      else this.#remove(clientId);
    }
    this.#broadcast.flush();
  }

  #clear(): void {
    this.#clients.clear();
    this.#contested.clear();
    this.#broadcast.clear();
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }
}

/** Whether nobody has an id that is known. */
function isGone({ state, primary }: ClientRecord<unknown>): boolean {
  return state === undefined && primary === undefined;
}

/** The entry of an update that holds one state and nothing else. */
function loneState(entries: readonly AwarenessEntry[]): AwarenessEntry | undefined {
  return entries.length === 1 && entries[0]?.state !== undefined ? entries[0] : undefined;
}
