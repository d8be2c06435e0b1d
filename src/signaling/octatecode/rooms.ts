import type { Clock } from "../../lib/time/clock.ts";
import { Timeouts } from "../../lib/time/timeouts.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import type { SignalingLimits } from "../limits.ts";
import type { OctateCodeLimits } from "./limits.ts";
import { OctateRoom, type RoomFacts } from "./room.ts";

export interface OctateRoomsOptions {
  readonly openChannel: OpenChannel;
  readonly limits: OctateCodeLimits & Pick<SignalingLimits, "signalingRoomMembers">;
  readonly clock: Clock;
}

/** The rooms that hosts have created. A room without members is kept for a limited time, and their number is bounded. */
export class OctateRooms {
  readonly #options: OctateRoomsOptions;
  readonly #rooms = new Map<string, OctateRoom>();
  readonly #empty: Timeouts<OctateRoom>;
  #contentLength = 0;

  constructor(options: OctateRoomsOptions) {
    this.#options = options;
    const { clock, limits } = options;
    this.#empty = new Timeouts({ clock, durationMs: limits.emptyRoomMs, expired: (room) => this.#forget(room) });
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

  /** Creates a room for a host that joins it at once: `membersChanged` follows. */
  create(facts: RoomFacts): OctateRoom | "exists" | "full" {
    const { openChannel, limits } = this.#options;
    if (this.#rooms.has(facts.roomId)) return "exists";
    const contentLength = this.#contentLength + lengthOf(facts);
    if (contentLength > limits.roomContentLength) return "full";
    const room = new OctateRoom({ facts, openChannel, memberLimit: limits.signalingRoomMembers });
    this.#rooms.set(facts.roomId, room);
    this.#contentLength = contentLength;
    return room;
  }

  /** Creates a room without members. */
  createEmpty(facts: RoomFacts): OctateRoom | "exists" | "full" {
    if (this.#empty.size >= this.#options.limits.emptyRooms && !this.#rooms.has(facts.roomId)) return "full";
    const created = this.create(facts);
    if (typeof created !== "string") this.membersChanged(created);
    return created;
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

  #forget(room: OctateRoom): void {
    if (this.#rooms.get(room.facts.roomId) !== room) return;
    this.#rooms.delete(room.facts.roomId);
    this.#contentLength -= lengthOf(room.facts);
  }
}

function lengthOf({ content, fileId }: RoomFacts): number {
  return (content?.length ?? 0) + (fileId?.length ?? 0);
}
