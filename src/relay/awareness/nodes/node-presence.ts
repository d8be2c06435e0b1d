import type { NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import type { RelayLimits } from "../../limits.ts";
import { AwarenessBroadcast } from "../awareness-broadcast.ts";
import type { ClientRecord } from "../awareness-table.ts";
import type { NodeClient } from "./node-clients.ts";
import { NodeStates, type TakenAwareness } from "./node-states.ts";
import type { NodeEntry, Outdated, RoomMessage, Wanted } from "./presence-codec.ts";

/** The other nodes, as one room reaches them. */
export interface RoomNodes {
  readonly peers: ReadonlySet<NodeId>;
  publish(message: RoomMessage): void;
  send(node: NodeId, message: RoomMessage): void;
  /** From now on `presence` is told what the other nodes send. */
  enter(presence: RoomPresence): void;
  leave(): void;
}

/** The presence of a room that has members, as the other nodes reach it. */
export interface RoomPresence {
  received(node: NodeId, message: RoomMessage): void;
  /** Tells a node everything, and asks for the same: it has become a peer, or messages of it were lost. */
  compare(node: NodeId): void;
  /** A node is no peer any more. */
  lost(node: NodeId): void;
  /** All that this node holds, and the states that nobody holds. */
  entries(): readonly NodeEntry[];
}

export interface NodePresenceOptions {
  readonly clock: Clock;
  readonly limits: RelayLimits;
  readonly nodes: RoomNodes;
}

/** The awareness that is shared with other nodes. */
export interface SharedAwareness<Member extends object | string> extends TakenAwareness<Member> {
  /** Everything of a message is in the table. */
  applied(): void;
}

/**
 * Shares the awareness of a room with the other nodes that have members in it. A node publishes the changes that come from
 * its own members, at the rate of the broadcasts; what it hears (`NodeStates`) is never published again. While no other node
 * has members in the room, nothing is published.
 *
 * A room tells the others when it gets its first member, and those that have members answer with what they have. It tells a
 * node everything again that has become a peer, or of which messages were lost, and asks for the same.
 */
export class NodePresence<Member extends object | string> implements RoomPresence {
  readonly #options: NodePresenceOptions;
  readonly #shared: SharedAwareness<Member>;
  readonly #changes: AwarenessBroadcast<NodeEntry>;
  readonly #states: NodeStates<Member>;
  /** The ids that the others know to be held by this node. */
  readonly #told = new Set<number>();
  /** The ids that a new connection has announced, until they are published. */
  readonly #first = new Set<number>();
  /** The other nodes that have members in the room. */
  readonly #nodes = new Set<NodeId>();
  #hasEntered = false;

  constructor(options: NodePresenceOptions, shared: SharedAwareness<Member>) {
    this.#options = options;
    this.#shared = shared;
    this.#changes = new AwarenessBroadcast(options, this);
    this.#states = new NodeStates(options.clock, shared, this);
  }

  get memberCount(): number {
    return this.#nodes.size;
  }

  /** The room has its first member. */
  enter(): void {
    if (this.#hasEntered) return;
    this.#hasEntered = true;
    const { nodes } = this.#options;
    nodes.enter(this);
    if (nodes.peers.size > 0) nodes.publish({ type: "all", wanted: "entries", entries: [] });
  }

  /** The last member has left. */
  leave(): void {
    const { nodes } = this.#options;
    // A node may have been sent something, and not have answered yet.
    if (nodes.peers.size > 0) nodes.publish({ type: "closed" });
    nodes.leave();
    this.#hasEntered = false;
    this.#nodes.clear();
    this.#told.clear();
    this.#first.clear();
    this.#changes.clear();
    this.#shared.nodeClients.clear();
  }

  /** A member of this node has changed an entry, or begins or ceases to hold the id. */
  changed(clientId: number): void {
    if (this.#nodes.size > 0) this.#changes.changed(clientId);
  }

  /** A client has announced itself on a new connection: it may have dropped the states of the others. */
  returned(clientId: number): void {
    if (this.#nodes.size === 0) return;
    this.#first.add(clientId);
    this.#changes.changed(clientId);
  }

  /** Publishes the changes now, or as soon as the interval has passed. */
  flush(): void {
    this.#changes.flush();
  }

  broadcast(entries: readonly NodeEntry[]): void {
    this.#options.nodes.publish({ type: "changes", entries });
  }

  /** The entry of an id for the other nodes. Undefined for one that they know from elsewhere. */
  clientOf(clientId: number): NodeEntry | undefined {
    const client = this.#shared.clients.get(clientId);
    const held = client && this.#heldEntry(client, this.#first.delete(clientId));
    if (held !== undefined) return held;
    const wasHeld = this.#told.delete(clientId);
    if (client !== undefined && client.primary === undefined) return this.#unheldEntry(client);
    return wasHeld ? { clientId, clock: 0, state: undefined, hold: "none", isFirst: false, ageMs: 0 } : undefined;
  }

  /** The others have the latest entry of an id from the node that has sent it. */
  taken(clientId: number): void {
    if (!this.#told.has(clientId)) this.#changes.forget(clientId);
  }

  outdated(node: NodeId, ids: readonly Outdated[]): void {
    this.#options.nodes.send(node, { type: "outdated", ids });
  }

  entries(): readonly NodeEntry[] {
    return [...this.#shared.clients.clients()].flatMap((client) => {
      const isUnheld = client.primary === undefined && client.state !== undefined;
      return this.#heldEntry(client, false) ?? (isUnheld ? this.#unheldEntry(client) : []);
    });
  }

  received(node: NodeId, message: RoomMessage): void {
    switch (message.type) {
      case "changes":
        this.#states.take(node, message.entries);
        break;
      case "all":
        this.#states.takeAll(node, message.entries);
        this.#answer(node, message.wanted);
        break;
      case "outdated":
        for (const id of message.ids) this.#states.raise(id);
        break;
      case "closed":
        this.#nodes.delete(node);
        this.#states.lost(node);
        break;
    }
    this.#shared.applied();
  }

  compare(node: NodeId): void {
    const isKnown = this.#nodes.has(node) || this.#shared.nodeClients.hasAnyOf(node);
    this.#sendAll(node, isKnown ? "answer" : "entries");
  }

  lost(node: NodeId): void {
    this.#nodes.delete(node);
    this.#states.lost(node);
    this.#shared.applied();
  }

  /** Tells a node everything that wants it, or that was not known to have members: it was sent no changes. */
  #answer(node: NodeId, wanted: Wanted): void {
    const isNew = !this.#nodes.has(node);
    this.#nodes.add(node);
    if (wanted !== "nothing" || (isNew && !this.#shared.clients.isEmpty)) this.#sendAll(node, "nothing");
  }

  #sendAll(node: NodeId, wanted: Wanted): void {
    this.#options.nodes.send(node, { type: "all", wanted, entries: this.entries() });
  }

  #heldEntry(client: ClientRecord<Member | NodeClient>, isFirst: boolean): NodeEntry | undefined {
    const holder = this.#shared.primaries.holderOf(client);
    if (holder === undefined) return undefined;
    const { clientId, clock, state } = client;
    this.#told.add(clientId);
    return { clientId, clock, state, hold: holder.isClaim ? "claim" : "owned", isFirst, ageMs: 0 };
  }

  #unheldEntry({ clientId, clock, state, seenAt }: ClientRecord<unknown>): NodeEntry {
    const ageMs = this.#options.clock.elapsedMs() - seenAt;
    return { clientId, clock, state, hold: "none", isFirst: false, ageMs };
  }
}
