import type { Bus } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { Timeouts } from "../../lib/time/timeouts.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import type { IdClaim } from "../cluster/id-claim.ts";
import type { SignalingLimits } from "../limits.ts";
import type { RoomFacts } from "./cluster/cluster-codec.ts";
import { type ClusterRooms, OctateCluster } from "./cluster/octate-cluster.ts";
import type { OctateCodeLimits } from "./limits.ts";
import { OctateRoom } from "./room.ts";

/** The outcome of creating a room. */
export type Created = OctateRoom | "exists" | "full";

export interface OctateRoomsOptions {
  /** Undefined on a single node. */
  readonly bus?: Bus | undefined;
  readonly openChannel: OpenChannel;
  readonly limits: OctateCodeLimits & Pick<SignalingLimits, "signalingRoomMembers" | "livenessProbeMs">;
  readonly clock: Clock;
}

/**
 * The rooms that hosts have created, on all nodes of a cluster. A room without members is kept for a limited time, and
 * their number is bounded.
 */
export class OctateRooms implements ClusterRooms {
  /** Undefined on a single node. */
  readonly cluster: OctateCluster | undefined;
  readonly #options: OctateRoomsOptions;
  readonly #rooms = new Map<string, OctateRoom>();
  readonly #empty: Timeouts<OctateRoom>;
  #contentLength = 0;

  constructor(options: OctateRoomsOptions) {
    this.#options = options;
    const { bus, clock, limits } = options;
    this.#empty = new Timeouts({ clock, durationMs: limits.emptyRoomMs, expired: (room) => this.#forget(room) });
    if (bus !== undefined) this.cluster = new OctateCluster({ bus, rooms: this, clock, limits });
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** The number of members of all rooms. */
  get members(): number {
    return this.#rooms.values().reduce((sum, { size }) => sum + size, 0);
  }

  [Symbol.iterator](): IterableIterator<OctateRoom> {
    return this.#rooms.values();
  }

  find(roomId: string): OctateRoom | undefined {
    return this.#rooms.get(roomId);
  }

  /** As `find`, after the other nodes of a cluster have told whether they have the room, and their members in it by now. */
  async lookUp(roomId: string): Promise<OctateRoom | undefined> {
    await this.cluster?.lookUp(roomId);
    return this.#rooms.get(roomId);
  }

  /**
   * Creates a room by `create`, which returns `create` or `createEmpty` of this object: at once on a single node. In a
   * cluster one of several nodes that create it at the same moment does; the others resolve with "exists".
   */
  exclusively(roomId: string, create: () => Created): Created | Promise<Created> {
    const claim = this.cluster?.claimRoom(roomId);
    return claim === undefined ? create() : createAfter(claim, create);
  }

  /** Creates a room for a host that joins it at once: `membersChanged` follows. */
  create(facts: RoomFacts): Created {
    if (this.#rooms.has(facts.roomId)) return "exists";
    if (this.#contentLength + lengthOf(facts) > this.#options.limits.roomContentLength) return "full";
    const room = this.#open(facts);
    this.cluster?.created(room);
    return room;
  }

  /** Creates a room without members. */
  createEmpty(facts: RoomFacts): Created {
    if (this.#empty.size >= this.#options.limits.emptyRooms && !this.#rooms.has(facts.roomId)) return "full";
    const created = this.create(facts);
    if (typeof created !== "string") this.membersChanged(created);
    return created;
  }

  /** The bounds were kept by the node on which the room was created. */
  adopt(facts: RoomFacts): void {
    const known = this.#rooms.get(facts.roomId);
    if (known === undefined) this.#empty.set(this.#open(facts));
    else if (isOlder(facts, known.facts)) this.#describe(known, facts);
  }

  dropEmpty(roomId: string, createdAt: number): boolean {
    const room = this.#rooms.get(roomId);
    if (room === undefined || room.size > 0 || room.facts.createdAt !== createdAt) return false;
    this.#empty.clear(room);
    this.#drop(room);
    return true;
  }

  /** Reports a join or a leave: a room without members is kept for its time, or dropped if too many are; others stay. */
  membersChanged(room: OctateRoom): void {
    if (room.size > 0) this.#empty.clear(room);
    else if (this.#empty.size < this.#options.limits.emptyRooms) this.#empty.set(room);
    else this.#forget(room);
  }

  close(): void {
    for (const room of this.#rooms.values()) this.#empty.clear(room);
    this.#rooms.clear();
  }

  #open(facts: RoomFacts): OctateRoom {
    const { clock, openChannel, limits } = this.#options;
    const { signalingRoomMembers: memberLimit } = limits;
    const membersChanged = (changed: OctateRoom) => this.membersChanged(changed);
    const room = new OctateRoom({ facts, openChannel, memberLimit, clock, membersChanged });
    this.#rooms.set(facts.roomId, room);
    this.#contentLength += lengthOf(facts);
    room.roster = this.cluster?.open(room);
    return room;
  }

  #describe(room: OctateRoom, facts: RoomFacts): void {
    this.#contentLength += lengthOf(facts) - lengthOf(room.facts);
    room.facts = facts;
  }

  #forget(room: OctateRoom): void {
    if (this.#rooms.get(room.facts.roomId) !== room) return;
    this.#drop(room);
    this.cluster?.forgotten(room);
  }

  #drop(room: OctateRoom): void {
    this.#rooms.delete(room.facts.roomId);
    this.#contentLength -= lengthOf(room.facts);
    this.cluster?.close(room);
  }
}

async function createAfter(claim: IdClaim, create: () => Created): Promise<Created> {
  await claim.begin();
  try {
    return (await claim.ask()) ? create() : "exists";
  } finally {
    claim.end();
  }
}

/** Whether the first of two descriptions of one room, made while nodes were cut off from each other, is kept. */
function isOlder(facts: RoomFacts, others: RoomFacts): boolean {
  if (facts.createdAt !== others.createdAt) return facts.createdAt < others.createdAt;
  // All nodes keep the same one.
  return JSON.stringify(facts) < JSON.stringify(others);
}

function lengthOf({ content, fileId }: RoomFacts): number {
  return (content?.length ?? 0) + (fileId?.length ?? 0);
}
