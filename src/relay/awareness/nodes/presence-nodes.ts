import type { Bus, BusListener, BusPort, NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import { DecodeError } from "../../update/strict-decoding.ts";
import type { AwarenessEntry } from "../awareness-codec.ts";
import type { RoomNodes, RoomPresence } from "./node-presence.ts";
import { decodePresence, encodePresence, type PresenceMessage, saysMissed, wantsAnswer } from "./presence-codec.ts";

/** The states of a room on the other nodes. */
export interface FoundPresence {
  readonly entries: readonly AwarenessEntry[];
  /** False if a node has not answered in time. */
  readonly isComplete: boolean;
}

/** In the place of a room's name, for what is not about one room. */
const allRooms = "";
/** The rooms that are compared in one turn, which takes about 2 ms. */
const comparedAtOnce = 200;

/** Carries the presence of the rooms that have members between the nodes. */
export class PresenceNodes implements BusListener {
  readonly #bus: Bus;
  readonly #clock: Pick<Clock, "afterTurn">;
  readonly #port: BusPort;
  readonly #rooms = new Map<string, RoomPresence>();
  /** The rooms that are still to be compared with a node. */
  readonly #uncompared = new Map<NodeId, Set<string>>();

  constructor(bus: Bus, clock: Pick<Clock, "afterTurn">) {
    this.#bus = bus;
    this.#clock = clock;
    this.#port = bus.open("presence", this);
  }

  /** The other nodes for the room of this name. */
  of(name: string): RoomNodes {
    return {
      peers: this.#bus.peers,
      publish: (message) => this.#port.publish(name, encodePresence(message)),
      send: (node, message) => this.#port.send(node, name, encodePresence(message)),
      enter: (presence) => void this.#rooms.set(name, presence),
      leave: () => void this.#rooms.delete(name),
    };
  }

  /** Asks all nodes for the states of a room, which has no members on this one. */
  async find(name: string): Promise<FoundPresence> {
    const { answers, isComplete } = await this.#port.ask(name, new Uint8Array());
    const found = new Map<number, AwarenessEntry>();
    for (const { answer } of answers) {
      const message = decoded(answer);
      for (const entry of message?.type === "all" ? message.entries : []) {
        const { clientId, clock } = entry;
        const known = found.get(clientId);
        if (known === undefined || clock > known.clock) found.set(clientId, entry);
      }
    }
    return { entries: [...found.values()].filter(({ state }) => state !== undefined), isComplete };
  }

  received(from: NodeId, name: string, message: Uint8Array): void {
    // The state of a node that is no peer would never end.
    if (!this.#bus.peers.has(from)) return;
    const room = this.#rooms.get(name);
    if (saysMissed(message)) this.joined(from);
    else if (room !== undefined) {
      const presence = decoded(message);
      if (presence !== undefined && presence.type !== "missed") room.received(from, presence);
    } else if (wantsAnswer(message)) this.#port.send(from, name, encodePresence({ type: "closed" }));
  }

  asked(_from: NodeId, name: string): Uint8Array | undefined {
    const room = this.#rooms.get(name);
    return room && encodePresence({ type: "all", wanted: "nothing", entries: room.entries() });
  }

  joined(node: NodeId): void {
    const isUnderWay = this.#uncompared.has(node);
    this.#uncompared.set(node, new Set(this.#rooms.keys()));
    if (!isUnderWay) this.#compare(node);
  }

  missed(node: NodeId): void {
    // It may have closed rooms, and asked about rooms that are not open here: it is to compare its rooms as well.
    this.#port.send(node, allRooms, encodePresence({ type: "missed" }));
    this.joined(node);
  }

  lost(node: NodeId): void {
    this.#uncompared.get(node)?.clear();
    for (const room of this.#rooms.values()) room.lost(node);
  }

  /** Compares the rooms with a node, some of them in each turn. */
  #compare(node: NodeId): void {
    const names = this.#uncompared.get(node);
    if (names === undefined) return;
    let left = comparedAtOnce;
    for (const name of names) {
      if (left === 0) break;
      left -= 1;
      names.delete(name);
      this.#rooms.get(name)?.compare(node);
    }
    if (names.size === 0) this.#uncompared.delete(node);
    else this.#clock.afterTurn(() => this.#compare(node));
  }
}

/** Undefined for a message that cannot be read: it comes from another release. */
function decoded(bytes: Uint8Array): PresenceMessage | undefined {
  try {
    return decodePresence(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
