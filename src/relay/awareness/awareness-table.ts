import type { RelayLimits } from "../limits.ts";
import type { AwarenessEntry } from "./awareness-codec.ts";
import { PassedOnIds } from "./passed-on-ids.ts";

/** The bounds beyond which an entry is not taken into the table. */
export type TableBound =
  | "limits.awareness-state-length"
  | "limits.awareness-length"
  | "limits.awareness-clients"
  | "limits.awareness-clients-per-connection";

/** The origin of an entry. */
export interface EntryOrigin<Member> {
  /** The member against which a new id counts; undefined for the own id of a member, which becomes its primary. */
  readonly passedOnBy: Member | undefined;
  readonly receivedAt: number;
}

/** The latest state of one client id. */
export interface ClientRecord<Member> {
  readonly clientId: number;
  readonly clock: number;
  /**
   * The state as JSON text; undefined once it is removed. The clock is kept, because the client may return with an old
   * one.
   */
  readonly state: string | undefined;
  /** The member that the id belongs to. Undefined when the state came only through other peers. */
  readonly primary: Member | undefined;
  /**
   * The member that has brought the state into the room, for an id without a primary. Undefined without a state, and
   * once that member has left.
   */
  readonly passedOnBy: Member | undefined;
  /** The time of the last new clock, or of the removal of the state. */
  readonly seenAt: number;
}

export interface TableOwner {
  /** The client is forgotten, to make a place for another one. */
  forgotten(clientId: number): void;
}

type MutableRecord<Member> = { -readonly [Field in keyof ClientRecord<Member>]: ClientRecord<Member>[Field] };

/**
 * The latest state per client id, within the bounds of one room. States are not parsed.
 *
 * When the table is full of clients, it forgets those without a state and without a primary.
 *
 * An id with a state and without a primary counts against the member that has brought it: from its first state until
 * the state is removed, the id gets a primary, or the member leaves. If other members then renew it, it counts against
 * the first of them.
 */
export class AwarenessTable<Member> {
  readonly #limits: RelayLimits;
  readonly #clients = new Map<number, MutableRecord<Member>>();
  /** Client ids without a state and without a primary: the first to be forgotten. */
  readonly #departed = new Set<number>();
  readonly #passedOn: PassedOnIds<Member>;
  readonly #owner: TableOwner;
  /** The length of all states together, in UTF-16 code units. */
  #stateLength = 0;

  constructor(limits: RelayLimits, owner: TableOwner) {
    this.#limits = limits;
    this.#owner = owner;
    this.#passedOn = new PassedOnIds(limits.awarenessClientsPerConnection);
  }

  /** Whether no client is known, with a state or without one. */
  get isEmpty(): boolean {
    return this.#clients.size === 0;
  }

  get(clientId: number): ClientRecord<Member> | undefined {
    return this.#clients.get(clientId);
  }

  clients(): IterableIterator<ClientRecord<Member>> {
    return this.#clients.values();
  }

  /** The entries of all clients that have a state. */
  present(): readonly AwarenessEntry[] {
    return [...this.#clients.values()].filter(({ state }) => state !== undefined);
  }

  /** The entries of the clients whose states were removed at or after a time. */
  goneSince(at: number): readonly AwarenessEntry[] {
    return [...this.#clients.values()].filter(({ seenAt, state }) => state === undefined && seenAt >= at);
  }

  /** Whether one more id can count against a member. */
  hasPlaceFor(member: Member): boolean {
    return this.#passedOn.hasPlace(member);
  }

  /** Sets the clock and the state of a client. Returns the bound that it would exceed if nothing was changed. */
  set({ clientId, clock, state }: AwarenessEntry, origin: EntryOrigin<Member>): TableBound | undefined {
    const known = this.#clients.get(clientId);
    const passedOnBy = state !== undefined && isUncounted(known) ? origin.passedOnBy : undefined;
    const exceeded = state === undefined ? undefined : this.#exceededBy(state.length, known);
    if (exceeded !== undefined) return exceeded;
    if (passedOnBy !== undefined && !this.#passedOn.hasPlace(passedOnBy)) {
      return "limits.awareness-clients-per-connection";
    }
    if (known === undefined && !this.#hasPlace()) return "limits.awareness-clients";
    const client = known ?? this.#add(clientId, clock);
    client.clock = clock;
    client.seenAt = origin.receivedAt;
    if (passedOnBy !== undefined) {
      client.passedOnBy = passedOnBy;
      this.#passedOn.add(passedOnBy, clientId);
    }
    this.#setState(client, state);
    return undefined;
  }

  /** Removes the state of a client and keeps its clock. Returns false when it has no state. */
  remove(clientId: number, at: number): boolean {
    const client = this.#clients.get(clientId);
    if (client?.state === undefined) return false;
    client.seenAt = at;
    this.#setState(client, undefined);
    return true;
  }

  setPrimary(clientId: number, primary: Member | undefined): void {
    const client = this.#clients.get(clientId);
    if (client === undefined) return;
    client.primary = primary;
    if (primary !== undefined) this.#uncount(client);
    this.#updateDeparted(client);
  }

  /** Counts the ids that a member has passed on against no member, until another one renews them. */
  left(member: Member): void {
    for (const clientId of this.#passedOn.release(member)) {
      const client = this.#clients.get(clientId);
      if (client !== undefined) client.passedOnBy = undefined;
    }
  }

  clear(): void {
    this.#clients.clear();
    this.#passedOn.clear();
    this.#departed.clear();
    this.#stateLength = 0;
  }

  #setState(client: MutableRecord<Member>, state: string | undefined): void {
    this.#stateLength += (state?.length ?? 0) - (client.state?.length ?? 0);
    client.state = state;
    if (state === undefined) this.#uncount(client);
    this.#updateDeparted(client);
  }

  #add(clientId: number, clock: number): MutableRecord<Member> {
    const client = { clientId, clock, state: undefined, primary: undefined, passedOnBy: undefined, seenAt: 0 };
    this.#clients.set(clientId, client);
    return client;
  }

  #uncount(client: MutableRecord<Member>): void {
    if (client.passedOnBy === undefined) return;
    this.#passedOn.delete(client.passedOnBy, client.clientId);
    client.passedOnBy = undefined;
  }

  #updateDeparted({ clientId, state, primary }: ClientRecord<Member>): void {
    if (state === undefined && primary === undefined) this.#departed.add(clientId);
    else this.#departed.delete(clientId);
  }

  #exceededBy(length: number, known: ClientRecord<Member> | undefined): TableBound | undefined {
    const { awarenessStateLength, awarenessLength } = this.#limits;
    if (length > awarenessStateLength) return "limits.awareness-state-length";
    const totalLength = this.#stateLength + length - (known?.state?.length ?? 0);
    return totalLength > awarenessLength ? "limits.awareness-length" : undefined;
  }

  /** Makes a place for one more client. Returns false when there is none. */
  #hasPlace(): boolean {
    if (this.#clients.size < this.#limits.awarenessClients) return true;
    for (const clientId of this.#departed) {
      this.#departed.delete(clientId);
      this.#clients.delete(clientId);
      this.#owner.forgotten(clientId);
      return true;
    }
    return false;
  }
}

/** Whether a client counts against no member: neither as its own nor as one that it has passed on. */
function isUncounted(client: ClientRecord<unknown> | undefined): boolean {
  return client === undefined || (client.primary === undefined && client.passedOnBy === undefined);
}
