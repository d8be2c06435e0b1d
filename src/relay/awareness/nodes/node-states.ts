import type { NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import type { AwarenessEntry } from "../awareness-codec.ts";
import type { AwarenessTable, ClientRecord, EntryOrigin } from "../awareness-table.ts";
import type { Primaries } from "../primaries.ts";
import type { Renewals } from "../renewals.ts";
import { NodeClient, type NodeClients } from "./node-clients.ts";
import type { NodeEntry, Outdated } from "./presence-codec.ts";

/** The parts of an awareness that take the entries of other nodes. */
export interface TakenAwareness<Member extends object | string> {
  readonly clients: AwarenessTable<Member | NodeClient>;
  readonly primaries: Primaries<Member>;
  readonly nodeClients: NodeClients;
  readonly renewals: Renewals<Member>;
  /** Puts an entry of another node into the table. Returns false when it is dropped at a bound. */
  put(entry: AwarenessEntry, origin: EntryOrigin<Member>): boolean;
  /** Removes the state of a client. */
  remove(clientId: number): void;
}

export interface NodeStatesOwner {
  /** The entry of another node is the latest of its id. */
  taken(clientId: number): void;
  /** The other nodes are to be told the entry of an id, or that this node does not hold it any more. */
  changed(clientId: number): void;
  /** A node is to be told that its entries are not taken unless their clocks exceed those given. */
  outdated(node: NodeId, ids: readonly Outdated[]): void;
}

/**
 * Takes what other nodes tell of the awareness of a room.
 *
 * Every entry says whether a member of its node holds the id. Such an id has a `NodeClient` here, to which the rules of
 * `Awareness` apply as to a member: it takes an id over, and loses it, and when it ends the state is removed. It does not
 * expire here: its node sees to that. Ids that nobody holds, as of WebRTC peers, expire on every node.
 *
 * Members reject a state whose clock they remember. So a node that hears of a state that is gone here, with a clock that is
 * not above the known one, has the other node raise it, and takes it then.
 */
export class NodeStates<Member extends object | string> {
  readonly #clock: Clock;
  readonly #shared: TakenAwareness<Member>;
  readonly #owner: NodeStatesOwner;

  constructor(clock: Clock, shared: TakenAwareness<Member>, owner: NodeStatesOwner) {
    this.#clock = clock;
    this.#shared = shared;
    this.#owner = owner;
  }

  lost(node: NodeId): void {
    for (const client of this.#shared.nodeClients.of(node)) this.#release(client);
  }

  /** Takes all entries of a node: it holds no other ids. */
  takeAll(node: NodeId, entries: readonly NodeEntry[]): void {
    const held = new Set<number>();
    for (const { clientId, hold } of entries) if (hold !== "none") held.add(clientId);
    for (const client of this.#shared.nodeClients.of(node)) if (!held.has(client.clientId)) this.#release(client);
    this.take(node, entries);
  }

  /** Takes changed entries of a node. */
  take(node: NodeId, entries: readonly NodeEntry[]): void {
    const outdated: Outdated[] = [];
    let isReturning = false;
    for (const entry of entries) {
      if (entry.hold === "none") {
        this.#takeUnheld(node, entry);
        continue;
      }
      isReturning ||= this.#isReturning(node, entry);
      const missing = this.#takeHeld(node, entry);
      if (missing !== undefined) outdated.push(missing);
    }
    if (isReturning) this.#shared.renewals.requestOthers();
    if (outdated.length > 0) this.#owner.outdated(node, outdated);
  }

  /** (c) Whether a client that was known has a new connection. */
  #isReturning(node: NodeId, { clientId, isFirst }: NodeEntry): boolean {
    const { clients, nodeClients } = this.#shared;
    const isNew = isFirst || nodeClients.get(node, clientId) === undefined;
    return isNew && clients.get(clientId) !== undefined;
  }

  /** Takes an entry of an id that the other node does not hold, or does not hold any more. */
  #takeUnheld(node: NodeId, entry: NodeEntry): void {
    const { clients, nodeClients, primaries } = this.#shared;
    const former = nodeClients.get(node, entry.clientId);
    if (former !== undefined) this.#release(former);
    const known = clients.get(entry.clientId);
    const isRemoval = entry.state === undefined;
    // The other node, and whoever has heard it, takes the state of a member of this node only with a higher clock.
    if (isRemoval && known?.state !== undefined && entry.clock >= known.clock) this.raise(entry);
    if (known === undefined ? isRemoval : entry.clock <= known.clock) return;
    if (!isRemoval || !primaries.isOwned(known?.primary)) this.#put(entry);
  }

  /** Takes an entry of an id that the other node holds. Returns the clock that is known if its client has to exceed it. */
  #takeHeld(node: NodeId, entry: NodeEntry): Outdated | undefined {
    const { clientId, clock, state } = entry;
    const { clients, primaries } = this.#shared;
    const known = clients.get(clientId);
    if (known === undefined) {
      if (state !== undefined && this.#put(entry)) primaries.make(this.#clientOf(node, entry), clientId);
      return undefined;
    }
    const before = { clock: known.clock, primary: known.primary, isGone: known.state === undefined };
    const isOld = clock < before.clock;
    if (isOld && entry.hold === "claim" && before.primary !== undefined) return undefined;
    const client = this.#clientOf(node, entry);
    this.#applyHeld(client, entry, known);
    // A member of this node that has lost the id does not hold it any more.
    if (before.primary !== undefined && before.primary !== known.primary) this.#owner.changed(clientId);
    const isMissing = state !== undefined && clock <= before.clock && (before.isGone || isOld);
    return isMissing && known.primary === client ? { clientId, clock: before.clock } : undefined;
  }

  #applyHeld(client: NodeClient, entry: NodeEntry, known: ClientRecord<Member | NodeClient>): void {
    const { primaries } = this.#shared;
    const { clientId, clock } = entry;
    // (a) The client has a newer connection.
    if (entry.isFirst && clock >= known.clock) primaries.make(client, clientId);
    if (clock > known.clock) this.#takeNew(client, entry, known);
    else if (known.primary === undefined) primaries.make(client, clientId);
    else if (known.primary !== client) primaries.contest(clientId);
  }

  /** Takes an entry with a new clock: rule (d). */
  #takeNew(client: NodeClient, entry: NodeEntry, known: ClientRecord<Member | NodeClient>): void {
    const { primaries } = this.#shared;
    const isRemoval = entry.state === undefined;
    if (isRemoval && known.primary !== client && primaries.isOwned(known.primary)) return;
    if (this.#put(entry) && !isRemoval) primaries.make(client, entry.clientId);
  }

  #clientOf(node: NodeId, { clientId, clock, state, hold }: NodeEntry): NodeClient {
    const { nodeClients } = this.#shared;
    const client = nodeClients.get(node, clientId) ?? new NodeClient(node, clientId);
    nodeClients.add(client);
    client.isClaim = hold === "claim";
    client.announcedClock = state === undefined ? undefined : clock;
    return client;
  }

  #put(entry: NodeEntry): boolean {
    const { clientId, hold, ageMs } = entry;
    const receivedAt = this.#clock.elapsedMs() - (hold === "none" ? ageMs : 0);
    if (!this.#shared.put(entry, { passedOnBy: undefined, receivedAt })) return false;
    this.#owner.taken(clientId);
    return true;
  }

  /** (e) The other node does not hold an id any more. */
  #release(client: NodeClient): void {
    const { nodeClients, primaries } = this.#shared;
    nodeClients.delete(client);
    const removed = primaries.release(client, client);
    if (removed !== undefined) this.#shared.remove(removed);
  }

  /** Has the client of an id exceed a clock. If it does already, the other nodes are told once more. */
  raise({ clientId, clock }: Outdated): void {
    const client = this.#shared.clients.get(clientId);
    if (client?.primary === undefined || client.primary instanceof NodeClient) return;
    if (client.clock > clock) this.#owner.changed(clientId);
    else this.#shared.renewals.requestAbove(client.primary, clock);
  }
}
