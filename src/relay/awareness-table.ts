import type { MessageBound } from "./dropped-messages.ts";
import type { RelayLimits } from "./limits.ts";
import type { AwarenessEntry } from "./sync-codec.ts";

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
  /** The time of the last new clock. */
  readonly seenAt: number;
}

type MutableRecord<Member> = { -readonly [Field in keyof ClientRecord<Member>]: ClientRecord<Member>[Field] };

/**
 * The latest state per client id, within the bounds of one room. States are not parsed.
 *
 * When the table is full of clients, it forgets those without a state and without a primary.
 */
export class AwarenessTable<Member> {
  readonly #limits: RelayLimits;
  readonly #clients = new Map<number, MutableRecord<Member>>();
  /** Client ids without a state and without a primary: the first to be forgotten. */
  readonly #departed = new Set<number>();
  /** The length of all states together, in UTF-16 code units. */
  #stateLength = 0;

  constructor(limits: RelayLimits) {
    this.#limits = limits;
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

  /** Sets the clock and the state of a client. Returns the bound that it would exceed if nothing was changed. */
  set({ clientId, clock, state }: AwarenessEntry, now: number): MessageBound | undefined {
    const known = this.#clients.get(clientId);
    const exceeded = state === undefined ? undefined : this.#exceededBy(state.length, known);
    if (exceeded !== undefined) return exceeded;
    if (known === undefined && !this.#hasPlace()) return "limits.awareness-clients";
    const client = known ?? { clientId, clock, state: undefined, primary: undefined, seenAt: now };
    if (known === undefined) this.#clients.set(clientId, client);
    client.clock = clock;
    client.seenAt = now;
    this.#setState(client, state);
    return undefined;
  }

  /** Removes the state of a client and keeps its clock. Returns false when it has no state. */
  remove(clientId: number): boolean {
    const client = this.#clients.get(clientId);
    if (client?.state === undefined) return false;
    this.#setState(client, undefined);
    return true;
  }

  setPrimary(clientId: number, primary: Member | undefined): void {
    const client = this.#clients.get(clientId);
    if (client === undefined) return;
    client.primary = primary;
    this.#updateDeparted(client);
  }

  clear(): void {
    this.#clients.clear();
    this.#departed.clear();
    this.#stateLength = 0;
  }

  #setState(client: MutableRecord<Member>, state: string | undefined): void {
    this.#stateLength += (state?.length ?? 0) - (client.state?.length ?? 0);
    client.state = state;
    this.#updateDeparted(client);
  }

  #updateDeparted({ clientId, state, primary }: ClientRecord<Member>): void {
    if (state === undefined && primary === undefined) this.#departed.add(clientId);
    else this.#departed.delete(clientId);
  }

  #exceededBy(length: number, known: ClientRecord<Member> | undefined): MessageBound | undefined {
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
      return true;
    }
    return false;
  }
}
