import { SmallMap } from "../../lib/collections/small-map.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { Turns } from "../../transport/work.ts";
import type { RelayLimits } from "../limits.ts";
import type { AwarenessAudience } from "./awareness-audience.ts";
import { AwarenessBroadcast } from "./awareness-broadcast.ts";
import { type AwarenessEntry, type AwarenessReader, encodeAwareness, loneState } from "./awareness-codec.ts";
import type { AwarenessOwner } from "./awareness-owner.ts";
import { AwarenessReading } from "./awareness-reading.ts";
import { AwarenessTable, type ClientRecord, type EntryOrigin } from "./awareness-table.ts";
import { DropCounts } from "./drop-counts.ts";
import { NodeClient, NodeClients } from "./nodes/node-clients.ts";
import { NodePresence, type RoomNodes } from "./nodes/node-presence.ts";
import { PresenceAnswers } from "./presence-answers.ts";
import { announce, type MemberIds, mayBeOwn, Primaries } from "./primaries.ts";
import { isGone, Renewals } from "./renewals.ts";
import { Subscriptions } from "./subscriptions.ts";

export interface AwarenessOptions<Member> {
  readonly clock: Clock;
  readonly limits: RelayLimits;
  readonly audience: AwarenessAudience<Member>;
  /** The other nodes; undefined for a server that is alone. */
  readonly nodes?: RoomNodes | undefined;
}

/** An entry that removes a known client. */
interface Removal<Member> {
  readonly entry: AwarenessEntry;
  readonly client: ClientRecord<Member | NodeClient>;
  readonly origin: EntryOrigin<Member>;
}

/** A lone state that a member has sent. */
interface LoneState {
  readonly own: AwarenessEntry;
  /** The clock that was known. */
  readonly before: number | undefined;
  /** Whether it has changed the table. */
  readonly isNew: boolean;
  /** Whether the member had been sent no states. */
  readonly isEarly: boolean;
}

/** A state that has no primary, or is only claimed, expires when it was not renewed for this long, as in y-protocols. */
const expiryMs = 30_000;
/** A client removes a state of which it has heard nothing for this long: y-protocols looks every 3 s for those of `expiryMs`. */
const forgottenMs = expiryMs + 3_000;
/** A removal is broadcast at most so long after it was made, unless the room has thousands of states that change. */
const lateMs = 3_000;
/**
 * States with a clock from this value on are dropped. y-protocols adds 1 per change, so no real client gets here, and none
 * can count beyond 2⁵³.
 */
const maxClock = 2 ** 32;

/**
 * The awareness of a room: a table of the latest state per client id. States are not parsed.
 *
 * Clients pass on every state that they learn. When they disconnect they drop the states of others but keep the clocks,
 * and they reconnect with their own old clock, which all others reject. The rules (a) to (e) below keep the table
 * complete in spite of that, with no more messages than necessary.
 */
export class Awareness<Member extends object | string> {
  readonly #options: AwarenessOptions<Member>;
  readonly #owner: AwarenessOwner<Member>;
  /** The client ids of each member, for `Renewals`. */
  readonly members = new SmallMap<Member, MemberIds>();
  readonly #clients: AwarenessTable<Member | NodeClient>;
  /** The updates of which the rest is being read. */
  readonly #readers = new Map<Member, AwarenessReader>();
  readonly #primaries: Primaries<Member>;
  readonly #broadcast: AwarenessBroadcast<AwarenessEntry>;
  readonly #answers: PresenceAnswers<Member>;
  readonly #subscriptions: Subscriptions<Member>;
  readonly #renewals: Renewals<Member>;
  readonly #drops = new DropCounts();
  readonly #reading: AwarenessReading<Member>;
  readonly #nodes: NodePresence<Member> | undefined;

  constructor(options: AwarenessOptions<Member>, owner: AwarenessOwner<Member>) {
    this.#options = options;
    this.#owner = owner;
    this.#clients = new AwarenessTable(options.limits, this);
    this.#reading = new AwarenessReading({ limits: options.limits, clients: this.#clients, drops: this.#drops, owner });
    const nodeClients = options.nodes && new NodeClients();
    this.#primaries = new Primaries(this.#clients, this.members, nodeClients);
    this.#broadcast = new AwarenessBroadcast(options, this);
    this.#answers = new PresenceAnswers(options, this);
    this.#renewals = new Renewals(options, this);
    this.#subscriptions = new Subscriptions(options, this);
    const { nodes } = options;
    this.#nodes = nodes && nodeClients && this.#openNodes(nodes, nodeClients);
  }

  get memberCount(): number {
    return this.members.size;
  }

  clientOf(clientId: number): ClientRecord<Member | NodeClient> | undefined {
    return this.#clients.get(clientId);
  }

  present(): readonly AwarenessEntry[] {
    return this.#clients.present();
  }

  broadcast(entries: readonly AwarenessEntry[]): void {
    this.#answers.changesSent();
    this.#options.audience.publishAwareness(encodeAwareness(entries));
  }

  turnsOf(member: Member): Pick<Turns, "wait"> {
    return this.#owner.accountOf(member).turns;
  }

  spend(member: Member, entries: number): void {
    this.#owner.accountOf(member).spend("ids", entries);
  }

  subscribed(member: Member): void {
    this.#options.audience.subscribeToAwareness(member);
    this.#answers.send(member);
  }

  forgotten(clientId: number): void {
    this.#broadcast.forget(clientId);
  }

  joined(member: Member): void {
    const none = { ownId: undefined, announcedClock: undefined, returningId: undefined };
    this.members.set(member, { ...none, isClaim: false, hasSentStates: false });
    this.#subscriptions.joined(member);
    this.#nodes?.enter();
  }

  /** Called for each frame of `member`. The next one waits for `handled`. */
  frameReceived(member: Member, handled?: Promise<void> | void): void {
    this.#subscriptions.frameReceived(member, handled);
  }

  /**
   * Takes an awareness update of `member`. Throws, or rejects with, `DecodeError`. Returns a promise for an update so
   * large that it is read in parts, for which the member's turns are waited for; its next update must wait for that.
   */
  updateReceived(member: Member, body: Uint8Array): void | Promise<void> {
    const ids = this.members.get(member);
    if (ids === undefined) return;
    const reader = this.#reading.open(member, body);
    const entries = reader === undefined ? [] : this.#reading.read(member, ids, reader);
    const lone = reader?.count === 1 ? loneState(entries) : undefined;
    const before = lone === undefined ? undefined : this.#clients.get(lone.clientId)?.clock;
    const isNew = this.#applyAll(member, ids, entries, lone);
    const isEarly = this.#subscriptions.subscribe(member);
    if (lone !== undefined) this.#loneStateReceived(member, ids, { own: lone, before, isNew, isEarly });
    ids.hasSentStates = true;
    this.#flush();
    if (reader !== undefined && reader.left > 0) return this.#takeRest(member, ids, reader);
  }

  /** Answers a query of `member` with all states, at a bounded rate, because the answer is large. */
  queryReceived(member: Member): void {
    if (this.members.has(member)) this.#answers.request(member);
  }

  /** Sends `member` all states. */
  query(member: Member): void {
    this.#answers.send(member);
  }

  /** Sends `member`, which has missed the broadcasts of the last `behindMs`, all states and the removals of that time. */
  caughtUp(member: Member, behindMs: number): void {
    if (!this.#subscriptions.isSubscribed(member)) return;
    this.query(member);
    const gone = this.#clients.goneSince(this.#options.clock.elapsedMs() - Math.min(behindMs + lateMs, forgottenMs));
    this.spend(member, gone.length);
    if (gone.length > 0) this.#options.audience.sendAwareness(member, encodeAwareness(gone));
  }

  left(member: Member): void {
    const ids = this.members.get(member);
    if (ids === undefined) return;
    this.#subscriptions.left(member);
    this.#readers.delete(member);
    this.#renewals.left(member);
    this.#answers.left(member);
    this.#clients.left(member);
    this.members.delete(member);
    if (this.members.size === 0) {
      this.#clear();
      return;
    }
    this.#release(member, ids);
  }

  /** Reports an awareness update of `member` that is dropped, because the member may not be shown. */
  updateIgnored(member: Member): void {
    this.#subscriptions.subscribe(member);
  }

  /** Removes the states that have expired. Called every few seconds. */
  removeExpired(): void {
    if (this.#clients.isEmpty) return;
    const now = this.#options.clock.elapsedMs();
    for (const { clientId, primary, seenAt } of this.#clients.clients()) {
      // Other nodes remove the states that they hold.
      if (now - seenAt < expiryMs || primary instanceof NodeClient || this.#primaries.isOwned(primary)) continue;
      const ids = primary === undefined ? undefined : this.members.get(primary);
      if (primary !== undefined && ids !== undefined) this.#release(primary, ids);
      else this.#remove(clientId);
    }
    this.#flush();
  }

  /** Removes the state of `member`, which stays but may not be shown any more. */
  hidden(member: Member): void {
    const ids = this.members.get(member);
    if (ids === undefined) return;
    this.#readers.delete(member);
    this.#release(member, ids);
  }

  /**
   * (e) Takes its own id from `member`, if it is the primary: the state is removed, unless another member that has the
   * same own id announces it too. The late close of an older connection changes nothing.
   */
  #release(member: Member, ids: MemberIds): void {
    const { ownId } = ids;
    const removedId = this.#primaries.release(member, ids);
    if (removedId !== undefined) this.#remove(removedId);
    if (ownId !== undefined) this.#nodes?.changed(ownId);
    this.#flush();
  }

  /**
   * Takes a lone state. One that a client sends before it has learnt any other is its own. So is the first one of a client
   * that the network has delayed: if its clock is new, it is none that the client has been sent.
   */
  #loneStateReceived(member: Member, ids: MemberIds, received: LoneState): void {
    const { isEarly, isNew, own } = received;
    if (isEarly || (isNew && !ids.hasSentStates)) this.#ownStateReceived(member, ids, received);
    else if (isNew) this.#claim(member, ids, own.clientId);
    else this.#oldStateReceived(member, ids, own.clientId);
  }

  /**
   * (a) The member becomes the primary of its own id. It only claims the id if it may have passed on the state of a WebRTC
   * peer.
   */
  #ownStateReceived(member: Member, ids: MemberIds, { own, before, isEarly }: LoneState): void {
    const client = this.#clients.get(own.clientId);
    if (client === undefined) return;
    const isBehind = before !== undefined && own.clock < before;
    if (client.primary === undefined || !isBehind) {
      ids.ownId = own.clientId;
      ids.isClaim = client.primary !== undefined || !isEarly;
      ids.announcedClock = own.clock;
      this.#primaries.make(member, own.clientId);
    }
    // (b) The others take a clock that is above the known one, unless they have learnt a higher one on another node.
    if (isBehind) this.#renewals.renew(member, { clientId: own.clientId, clock: before, state: undefined });
    else if (before === undefined || before === own.clock || this.#nodes !== undefined)
      this.#renewals.renew(member, own);
    if (before !== undefined) this.#renewals.requestOthers(member);
    this.#nodes?.returned(own.clientId);
  }

  /** (a) The member of a later lone state claims its id. */
  #claim(member: Member, ids: MemberIds, clientId: number): void {
    const isReturning = ids.returningId === clientId;
    if (!this.#primaries.claim(member, ids, clientId)) return;
    if (isReturning) {
      this.#renewals.requestOthers(member);
      this.#nodes?.returned(clientId);
    } else this.#nodes?.changed(clientId);
  }

  /**
   * (b) A client that returns can come so late that its state is not taken for the first: if no member has that id, it is
   * asked to raise its clock. A member that has passed on the state of a client that is gone drops it.
   *
   * (c) If a member has the id, that may be a former connection of the client, which has dropped the states of the others.
   */
  #oldStateReceived(member: Member, ids: MemberIds, clientId: number): void {
    const client = this.#clients.get(clientId);
    if (ids.ownId !== undefined || client === undefined) return;
    if (isGone(client)) {
      ids.returningId = clientId;
      this.#renewals.request(member);
    } else if (!ids.hasSentStates) this.#renewals.requestOthers(member);
  }

  /** Takes the rest of an update, as if it came in further updates. */
  async #takeRest(member: Member, ids: MemberIds, reader: AwarenessReader): Promise<void> {
    this.#readers.set(member, reader);
    const { turns } = this.#owner.accountOf(member);
    while (reader.left > 0) {
      if (turns.isOver) await new Promise<void>((resolve) => turns.wait(resolve));
      // The member has left, or may not be shown any more.
      if (this.#readers.get(member) !== reader) return;
      this.#applyAll(member, ids, this.#reading.read(member, ids, reader), undefined);
      this.#flush();
    }
    this.#readers.delete(member);
  }

  /** Applies entries. `lone` is the lone state of an update. Returns whether the last entry has changed the table. */
  #applyAll(
    member: Member,
    ids: MemberIds,
    entries: readonly AwarenessEntry[],
    lone: AwarenessEntry | undefined,
  ): boolean {
    const receivedAt = this.#options.clock.elapsedMs();
    let isNew = false;
    for (const entry of entries) {
      const isOwn = mayBeOwn(ids, entry.clientId, lone !== undefined);
      isNew = this.#apply(member, ids, entry, { passedOnBy: isOwn ? undefined : member, receivedAt });
    }
    this.#drops.report((bound, drops) => this.#owner.dropped(member, bound, drops));
    return isNew;
  }

  /**
   * (d) An entry counts only if its clock is above the known one. A removal counts only from the primary, if there is
   * one, and from it also with the known clock: y-protocols sends such a one when it disconnects, or when it has not
   * heard of a client for 30 s. Returns whether the entry has changed the table.
   */
  #apply(member: Member, ids: MemberIds, entry: AwarenessEntry, origin: EntryOrigin<Member>): boolean {
    const { clientId, clock, state } = entry;
    const client = this.#clients.get(clientId);
    if (ids.ownId === clientId && announce(ids, entry)) this.#nodes?.changed(clientId);
    if (state === undefined) return client !== undefined && this.#applyRemoval(member, ids, { entry, client, origin });
    if (client !== undefined && clock <= client.clock) return false;
    if (!this.#set(entry, origin)) return false;
    if (ids.ownId === clientId) this.#primaries.make(member, clientId);
    else if (ids.returningId === clientId) this.#claim(member, ids, clientId);
    return true;
  }

  #applyRemoval(member: Member, ids: MemberIds, { entry, client, origin }: Removal<Member>): boolean {
    const { primary } = client;
    if (primary === member && entry.clock === client.clock) this.#release(member, ids);
    if (entry.clock <= client.clock) return false;
    return (primary === member || !this.#primaries.isOwned(primary)) && this.#set(entry, origin);
  }

  /** Puts an entry of a member into the table. Returns false when it is dropped at a bound. */
  #set(entry: AwarenessEntry, origin: EntryOrigin<Member>): boolean {
    if (!this.#put(entry, origin)) return false;
    this.#nodes?.changed(entry.clientId);
    return true;
  }

  /** As `#set`, for an entry of another node as well. */
  #put(entry: AwarenessEntry, origin: EntryOrigin<Member>): boolean {
    const { clientId, clock, state } = entry;
    const exceeded = clock < maxClock ? this.#clients.set(entry, origin) : "awareness-clock";
    if (exceeded === undefined) this.#broadcast.changed(clientId);
    else this.#drops.add(exceeded, () => `clock ${clock}, ${state?.length ?? 0} characters`);
    return exceeded === undefined;
  }

  #remove(clientId: number): void {
    if (this.#clients.remove(clientId, this.#options.clock.elapsedMs())) this.#broadcast.changed(clientId);
  }

  #flush(): void {
    this.#broadcast.flush();
    this.#nodes?.flush();
  }

  #openNodes(nodes: RoomNodes, nodeClients: NodeClients): NodePresence<Member> {
    return new NodePresence(
      { ...this.#options, nodes },
      {
        ...{ clients: this.#clients, nodeClients, primaries: this.#primaries, renewals: this.#renewals },
        put: (entry, origin) => this.#put(entry, origin),
        remove: (clientId) => this.#remove(clientId),
        applied: () => {
          this.#drops.report((bound, drops) => this.#owner.dropped(undefined, bound, drops));
          this.#flush();
        },
      },
    );
  }

  #clear(): void {
    this.#nodes?.leave();
    this.#clients.clear();
    this.#primaries.clear();
    this.#broadcast.clear();
    this.#answers.clear();
  }
}
