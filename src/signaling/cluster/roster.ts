import type { NodeId } from "../../cluster/bus.ts";
import type { RosterEntry, RosterMessage, ToldRoom } from "./roster-codec.ts";
import { isEarlier, type Stamp } from "./stamp.ts";

/** A member of a room on another node. */
export interface RemoteMember<Info> extends Stamp {
  readonly id: string;
  readonly info: Info;
}

/** The room of a roster. Its methods do not throw. */
export interface RosterRoom<Info> {
  /** A member of another node has joined, or has joined again. */
  joined(member: RemoteMember<Info>): void;
  left(member: RemoteMember<Info>): void;
  /** The member with this id on this node has lost it to a member of another node. It has not left: `joined` follows. */
  replaced(id: string): void;
  /** A message to one member of this node, or to all of them (`receiver` is undefined). The bytes are the room's. */
  received(payload: Uint8Array, receiver: string | undefined, from: NodeId): void;
  /** A node has opened the room, or tells that it has it open: it gets what is published from now on. */
  opened?(node: NodeId): void;
}

/** A room that is given its roster when it opens, and closes it. */
export interface SharedRoom<Info> extends RosterRoom<Info> {
  share(roster: Roster<Info>): void;
}

/** Encodes what the other nodes are told about a member. */
export interface InfoCodec<Info> {
  encode(info: Info): string;
  /** Undefined for a description that this release cannot read. */
  decode(text: string): Info | undefined;
}

/** A member that joins on this node. */
export interface LocalMember<Info> {
  readonly id: string;
  /** The time in the stamp of its claim, which is later than that of every member whose id it takes over. */
  readonly at: number;
  readonly info: Info;
}

export interface RosterOptions<Info> {
  readonly name: string;
  readonly node: NodeId;
  readonly room: RosterRoom<Info>;
  readonly codec: InfoCodec<Info>;
  readonly send: (node: NodeId, message: RosterMessage) => void;
  readonly publish: (message: RosterMessage) => void;
  /** Asks a node for all its members in this room. */
  readonly ask: (node: NodeId) => void;
  readonly closed: (roster: Roster<Info>) => void;
}

interface Known<Info> extends RemoteMember<Info> {
  /** Its description, as it was told. */
  readonly text: string;
  /** The node of the member that had the id before, which may not have heard that it is taken over. */
  readonly formerNode: NodeId | undefined;
}

/**
 * The members of one open room on the other nodes, and what the other nodes are told about those on this one.
 *
 * Of two members with one id on two nodes the later one stays, wherever the news of both meet. A client takes an id over
 * only after a claim, so there are two only when nodes could not reach each other.
 */
export class Roster<Info> {
  readonly #options: RosterOptions<Info>;
  readonly #local = new Map<string, RosterEntry>();
  readonly #remote = new Map<string, Known<Info>>();
  /** The other nodes that have the room open. */
  readonly #nodes = new Set<NodeId>();

  constructor(options: RosterOptions<Info>) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** This node. */
  get node(): NodeId {
    return this.#options.node;
  }

  /** Whether another node has the room open: otherwise nothing is sent. */
  get isShared(): boolean {
    return this.#nodes.size > 0;
  }

  /** The number of members on other nodes. */
  get size(): number {
    return this.#remote.size;
  }

  /** Iterates over the members on other nodes. */
  [Symbol.iterator](): IterableIterator<RemoteMember<Info>> {
    return this.#remote.values();
  }

  find(id: string): RemoteMember<Info> | undefined {
    return this.#remote.get(id);
  }

  /** A member has joined on this node, or has joined again. A member of another node with its id is removed. */
  join({ id, at, info }: LocalMember<Info>): void {
    const entry = { id, at, info: this.#options.codec.encode(info) };
    this.#local.set(id, entry);
    this.#remote.delete(id);
    this.#publish({ type: "joined", entry });
  }

  /** Changes what nodes are told that ask, and tells none. */
  describe({ id, at, info }: LocalMember<Info>): void {
    if (this.#local.has(id)) this.#local.set(id, { id, at, info: this.#options.codec.encode(info) });
  }

  /** A member of this node has left. */
  leave(id: string): void {
    if (this.#local.delete(id)) this.#publish({ type: "left", id });
  }

  /** Sends a message to all members on other nodes. */
  publish(payload: Uint8Array): void {
    this.#publish({ type: "published", payload });
  }

  /** Sends a message to a member of another node, in order with what is published. */
  send({ node, id }: Pick<RemoteMember<Info>, "node" | "id">, payload: Uint8Array): void {
    this.#options.send(node, { type: "sent", receiver: id, payload });
  }

  close(): void {
    this.#publish({ type: "closed" });
    this.#options.closed(this);
  }

  /** The members of this node, for other nodes. */
  describeLocal(): ToldRoom {
    return { name: this.name, isOpen: true, entries: [...this.#local.values()] };
  }

  /** A message of another node about this room. */
  receive(from: NodeId, message: RosterMessage): void {
    const { room } = this.#options;
    switch (message.type) {
      case "joined":
        if (!this.#nodes.has(from)) this.opened(from);
        this.#apply(from, message.entry);
        break;
      case "left":
        this.#remove(from, message.id);
        break;
      case "closed":
        this.lost(from);
        break;
      case "published":
        room.received(message.payload, undefined, from);
        break;
      case "sent":
        room.received(message.payload, message.receiver, from);
        break;
      // About several rooms.
      case "tell":
      case "told":
        break;
    }
  }

  /** A node has the room open. Idempotent. */
  opened(node: NodeId): void {
    this.#nodes.add(node);
    this.#options.room.opened?.(node);
  }

  /**
   * All members of a node. If it answers so late that the room has members here, it has not been told of them: until now
   * it was not known to have the room open.
   */
  told(from: NodeId, { isOpen, entries }: ToldRoom): void {
    const isLate = isOpen && !this.#nodes.has(from);
    if (isOpen) this.opened(from);
    else this.lost(from);
    if (isLate) for (const entry of this.#local.values()) this.#options.send(from, { type: "joined", entry });
    const ids = new Set(entries.map(({ id }) => id));
    for (const { id, node } of [...this.#remote.values()]) if (node === from && !ids.has(id)) this.#remove(from, id);
    for (const entry of entries) this.#apply(from, entry);
  }

  /** The members of a node have ended with it. */
  lost(node: NodeId): void {
    if (!this.#nodes.delete(node)) return;
    for (const known of [...this.#remote.values()]) if (known.node === node) this.#remove(node, known.id);
  }

  #apply(from: NodeId, entry: RosterEntry): void {
    const { id, at, info: text } = entry;
    const own = this.#local.get(id);
    if (own !== undefined && isEarlier({ at, node: from }, { at: own.at, node: this.node })) {
      // The node learns that its member is replaced.
      this.#options.send(from, { type: "joined", entry: own });
      return;
    }
    const known = this.#remote.get(id);
    if (known !== undefined && known.node !== from && isEarlier({ at, node: from }, known)) return;
    const isSame = known?.node === from && known.at === at;
    if (isSame && known.text === text) return;
    const info = this.#options.codec.decode(text);
    if (info === undefined) return;
    if (own !== undefined) {
      this.#local.delete(id);
      this.#options.room.replaced(id);
    }
    const formerNode = known === undefined || known.node === from ? known?.formerNode : known.node;
    const member = { id, node: from, at, info, text, formerNode };
    this.#remote.set(id, member);
    if (!isSame) this.#options.room.joined(member);
  }

  #remove(from: NodeId, id: string): void {
    const known = this.#remote.get(id);
    if (known?.node !== from) return;
    this.#remote.delete(id);
    this.#options.room.left(known);
    // Its node may have missed that the id was taken over, and have the member still.
    if (known.formerNode !== undefined && this.#nodes.has(known.formerNode)) this.#options.ask(known.formerNode);
  }

  #publish(message: RosterMessage): void {
    const [first] = this.#nodes;
    if (first === undefined) return;
    if (this.#nodes.size === 1) this.#options.send(first, message);
    else this.#options.publish(message);
  }
}
