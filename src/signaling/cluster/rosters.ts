import type { BusListener, BusPort, NodeId } from "../../cluster/bus.ts";
import { type InfoCodec, Roster, type RosterRoom, type SharedRoom } from "./roster.ts";
import {
  decodeRosterMessage,
  encodeRosterMessage,
  isOpeningQuestion,
  openingQuestion,
  type RosterEntry,
  type RosterMessage,
  type ToldRoom,
} from "./roster-codec.ts";
import type { Stamp } from "./stamp.ts";

export interface RostersOptions<Info> {
  readonly node: NodeId;
  /** Opens the subject of the rosters, or gives the port of one whose listener passes all calls on to them. */
  readonly openPort: (listener: BusListener) => BusPort;
  readonly codec: InfoCodec<Info>;
  /** Is told of the members on other nodes, with the names of their rooms, before the rosters are. */
  readonly heard?: (room: string, id: string, stamp: Stamp) => void;
}

/** The length of the names in one question, in characters. */
const namesLength = 4_096;
/** Messages about several rooms, or about all. No room has this name. */
const allRooms = "";

/**
 * The rosters of one subject: all open rooms of one dialect.
 *
 * A room that opens asks the other nodes for their members. They send them as a message before their answer, which is
 * empty, so that the list is in order with what they tell later. From then on they tell each join and leave. Nodes that
 * meet, or have missed messages, ask for the members of all their rooms.
 */
export class Rosters<Info> implements BusListener {
  readonly #options: RostersOptions<Info>;
  readonly #port: BusPort;
  readonly #rosters = new Map<string, Roster<Info>>();

  constructor(options: RostersOptions<Info>) {
    this.#options = options;
    this.#port = options.openPort(this);
  }

  /** Gives a room that opens its roster, and resolves when the other nodes have told their members, or after 1 s. */
  async share<Room extends SharedRoom<Info>>(name: string, room: Room): Promise<Room> {
    room.share(this.open(name, room));
    await this.refresh(name);
    return room;
  }

  /** Opens the roster of a room in which other nodes have no members. */
  open(name: string, room: RosterRoom<Info>): Roster<Info> {
    const roster = new Roster<Info>({
      name,
      room,
      node: this.#options.node,
      codec: this.#options.codec,
      send: (node, message) => this.#send(node, name, message),
      publish: (message) => this.#port.publish(name, encodeRosterMessage(message)),
      ask: (node) => this.#ask(node, [name], false),
      closed: (closed) => {
        if (this.#rosters.get(name) === closed) this.#rosters.delete(name);
      },
    });
    this.#rosters.set(name, roster);
    return roster;
  }

  /** Drops the roster of a room, and tells no other node. */
  forget(name: string): void {
    this.#rosters.delete(name);
  }

  /** Tells all nodes, also those that have not opened its room, that a member of this node has an id. */
  announce(id: string, at: number): void {
    this.#port.publish(allRooms, encodeRosterMessage({ type: "joined", entry: { id, at, info: "" } }));
  }

  /** Resolves when the other nodes have told all their members in a room, or after 1 s. */
  async refresh(name: string): Promise<void> {
    await this.#port.ask(name, openingQuestion);
  }

  /** Tells a node, which has these rooms open, all members in them. */
  tell(node: NodeId, names: readonly string[]): void {
    const rooms = names.map((name): ToldRoom => {
      const roster = this.#rosters.get(name);
      roster?.opened(node);
      return roster?.describeLocal() ?? { name, isOpen: false, entries: [] };
    });
    if (rooms.length > 0) this.#send(node, allRooms, { type: "told", rooms });
  }

  received(from: NodeId, room: string, bytes: Uint8Array): void {
    const message = decodeRosterMessage(bytes);
    if (message === undefined) return;
    if (message.type === "tell") this.#answer(from, message.names, message.isRepeated);
    else if (message.type === "told") this.#told(from, message.rooms);
    else this.#receive(from, room, message);
  }

  #receive(from: NodeId, room: string, message: RosterMessage): void {
    if (message.type === "joined") this.#hear(from, room, message.entry);
    this.#rosters.get(room)?.receive(from, message);
  }

  /** Answers the question of a node that opens a room. */
  asked(from: NodeId, room: string, question: Uint8Array): undefined {
    if (this.#rosters.has(room) && isOpeningQuestion(question)) this.tell(from, [room]);
  }

  joined(node: NodeId): void {
    this.#ask(node, [...this.#rosters.keys()], false);
  }

  lost(node: NodeId): void {
    for (const roster of [...this.#rosters.values()]) roster.lost(node);
  }

  missed(node: NodeId): void {
    this.#ask(node, [...this.#rosters.keys()], true);
  }

  #ask(node: NodeId, all: readonly string[], isRepeated: boolean): void {
    // A node that has missed messages asks also without rooms: the other one is to ask as well.
    if (isRepeated) this.#send(node, allRooms, { type: "tell", isRepeated, names: [] });
    for (const names of portions(all)) this.#send(node, allRooms, { type: "tell", isRepeated: false, names });
  }

  #answer(from: NodeId, names: readonly string[], isRepeated: boolean): void {
    this.tell(from, names);
    if (isRepeated) this.#ask(from, [...this.#rosters.keys()], false);
  }

  #told(from: NodeId, rooms: readonly ToldRoom[]): void {
    for (const room of rooms) {
      for (const entry of room.entries) this.#hear(from, room.name, entry);
      this.#rosters.get(room.name)?.told(from, room);
    }
  }

  #hear(node: NodeId, room: string, { id, at }: RosterEntry): void {
    this.#options.heard?.(room, id, { at, node });
  }

  #send(node: NodeId, room: string, message: RosterMessage): void {
    this.#port.send(node, room, encodeRosterMessage(message));
  }
}

/** The names in portions of a bounded length. */
function* portions(names: readonly string[]): Generator<readonly string[]> {
  let portion: string[] = [];
  let length = 0;
  for (const name of names) {
    portion.push(name);
    length += name.length;
    if (length < namesLength) continue;
    yield portion;
    portion = [];
    length = 0;
  }
  if (portion.length > 0) yield portion;
}
