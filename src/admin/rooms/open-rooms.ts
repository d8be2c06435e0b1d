import * as v from "valibot";
import type { AccessRequest } from "../../auth/authorizer.ts";
import type { Bus, BusListener, BusPort, NodeId } from "../../cluster/bus.ts";
import { jsonBytes, readJsonBytes } from "../../lib/json-bytes.ts";
import { disconnected, disconnectMembers } from "../../relay/disconnect.ts";
import type { SyncMember } from "../../relay/sync-member.ts";
import type { SyncRoom } from "../../relay/sync-room.ts";
import { closeReasonOf } from "../../rooms/denial.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import type { MessageWatcher, SignalingRooms } from "../../signaling/signaling-rooms.ts";
import type { Connection } from "../../transport/connection.ts";

export type RoomKind = AccessRequest["kind"];

export interface OpenRoomsOptions {
  /** Undefined for a server that stores no documents. */
  readonly sync: Pick<RoomRegistry<SyncRoom>, "entries" | "find"> | undefined;
  readonly signaling: readonly SignalingRooms[];
  /** Undefined for a server that is alone. */
  readonly bus?: Bus | undefined;
}

export interface RoomPage {
  readonly kind: RoomKind;
  /** The names begin with this text. */
  readonly prefix: string;
  /** The names follow this one. */
  readonly after: string | undefined;
  readonly limit: number;
}

export interface ListedRoom {
  readonly name: string;
  readonly members: number;
  /** The protocols of its members. */
  readonly protocols: readonly string[];
}

export interface RoomMember {
  readonly connection: Connection;
  readonly protocol: string;
  readonly user: string | undefined;
  /** Undefined in a signaling room, where it makes no difference. */
  readonly access: "read" | "write" | undefined;
}

/** A node asks for a member to be disconnected, and is told whether it was. */
const question = v.object({ kind: v.picklist(["sync", "signaling"]), member: v.string() });
const answer = v.object({ wasMember: v.boolean() });

/**
 * The rooms that are open on this node, as they are at the moment of the call: nothing is kept for it. Sync and signaling rooms of one
 * name are two rooms; those of two signaling protocols are shown as one, since one permission is good for both.
 */
export class OpenRooms implements BusListener {
  readonly #options: OpenRoomsOptions;
  readonly #port: BusPort | undefined;

  constructor(options: OpenRoomsOptions) {
    this.#options = options;
    this.#port = options.bus?.open("disconnect-member", this);
  }

  /** The id of a member for administrators, which no member of another node has. */
  idOf({ id }: Pick<Connection, "id">): string {
    const { bus } = this.#options;
    return bus === undefined ? id : `${id}@${bus.node}`;
  }

  /** One room more than the limit, if there are more, in the order of the UTF-16 code units of their names. */
  list({ after, kind, limit, prefix }: RoomPage): readonly ListedRoom[] {
    const names = new SmallestNames(limit + 1);
    for (const name of this.#names(kind)) {
      if (name.startsWith(prefix) && (after === undefined || name > after)) names.add(name);
    }
    return names.list.map((name) => this.#listed(kind, name));
  }

  /** The members of a room; undefined if it is not open. */
  members(kind: RoomKind, name: string): readonly RoomMember[] | undefined {
    if (kind === "sync") {
      const room = this.#options.sync?.find(name);
      return room && [...room.members].map(memberOf);
    }
    const rooms = this.#options.signaling.flatMap((source) => {
      const members = source.members(name);
      return members === undefined ? [] : [{ protocol: source.protocol, members }];
    });
    if (rooms.length === 0) return undefined;
    return rooms.flatMap(({ members, protocol }) =>
      Array.from(members, ({ connection, user }) => ({ connection, protocol, user, access: undefined })),
    );
  }

  /** The number of clients whose presence is known in a sync room. */
  presence(name: string): number {
    return this.#options.sync?.find(name)?.presence.length ?? 0;
  }

  /** Sets who is told of the messages between the members of an open signaling room; undefined for nobody. */
  watchMessages(name: string, watcher: MessageWatcher | undefined): void {
    for (const source of this.#options.signaling) source.watch(name, watcher);
  }

  /**
   * Removes a member from a room, on whichever node it is. In a signaling room it closes the connection, because the
   * protocols have no message for less. The client may return. False if the room has no such member, or its node has not
   * answered.
   */
  async disconnect(kind: RoomKind, name: string, member: string): Promise<boolean> {
    if (this.#disconnect(kind, name, member)) return true;
    const { answers } = (await this.#port?.ask(name, jsonBytes({ kind, member }))) ?? { answers: [] };
    return answers.some((each) => readJsonBytes(each.answer, answer)?.wasMember === true);
  }

  received(): void {
    // Nodes are only asked.
  }

  asked(_from: NodeId, name: string, asked: Uint8Array): Uint8Array | undefined {
    const order = readJsonBytes(asked, question);
    return order && jsonBytes({ wasMember: this.#disconnect(order.kind, name, order.member) });
  }

  #disconnect(kind: RoomKind, name: string, member: string): boolean {
    const isMeant = ({ connection }: Pick<RoomMember, "connection">) => this.idOf(connection) === member;
    if (kind === "sync") {
      const room = this.#options.sync?.find(name);
      return room !== undefined && disconnectMembers(room, isMeant) > 0;
    }
    const found = this.members(kind, name)?.filter(isMeant) ?? [];
    for (const { connection } of found) connection.close(closeReasonOf(disconnected));
    return found.length > 0;
  }

  *#names(kind: RoomKind): Generator<string> {
    if (kind === "sync") {
      for (const [name] of this.#options.sync?.entries() ?? []) yield name;
      return;
    }
    for (const source of this.#options.signaling) yield* source.names();
  }

  #listed(kind: RoomKind, name: string): ListedRoom {
    const members = this.members(kind, name) ?? [];
    return { name, members: members.length, protocols: [...new Set(members.map(({ protocol }) => protocol))].sort() };
  }
}

function memberOf({ access, connection, user }: SyncMember): RoomMember {
  return { access, connection, user, protocol: connection.protocol };
}

/** The smallest of many names, each once, in ascending order: a page of 100,000 rooms sorts no more than the page. */
class SmallestNames {
  readonly list: string[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(name: string): void {
    const { list } = this;
    const last = list.at(-1);
    if (list.length >= this.#limit && last !== undefined && name >= last) return;
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((list[middle] ?? "") < name) low = middle + 1;
      else high = middle;
    }
    if (list[low] === name) return;
    list.splice(low, 0, name);
    if (list.length > this.#limit) list.pop();
  }
}
