import type { OpenChannel } from "../../transport/channel.ts";
import type { Connection } from "../../transport/connection.ts";
import type { JoinOutcome } from "../members.ts";
import { type Member, SignalingRoom } from "../signaling-room.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import { type Casing, type Envelope, encode } from "./codec.ts";

/** A user in the room that its token permits. */
export interface OctateMember extends Member {
  readonly name: string;
  /** The same proof means the same client. Undefined when the token names no user. */
  proof: string | undefined;
  readonly connection: Connection;
  readonly connectedAt: number;
  lastHeartbeat: number;
  casing: Casing;
}

export interface RoomFacts {
  readonly roomId: string;
  readonly roomName: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly createdAt: number;
  readonly fileId: string | undefined;
  readonly content: string | undefined;
  readonly version: number | undefined;
}

export interface OctateRoomOptions {
  readonly facts: RoomFacts;
  readonly openChannel: OpenChannel;
  readonly memberLimit: number;
}

/** A room with its host's description and its members. It exists before its first member and for a while after the last. */
export class OctateRoom implements WatchedRoom {
  readonly facts: RoomFacts;
  watcher: MessageWatcher | undefined;
  readonly #members: SignalingRoom<OctateMember>;
  #lastActivity: number;

  constructor({ facts, openChannel, memberLimit }: OctateRoomOptions) {
    this.facts = facts;
    this.#members = new SignalingRoom(openChannel, memberLimit);
    this.#lastActivity = facts.createdAt;
  }

  get size(): number {
    return this.#members.size;
  }

  [Symbol.iterator](): IterableIterator<OctateMember> {
    return this.#members[Symbol.iterator]();
  }

  find(userId: string): OctateMember | undefined {
    return this.#members.find(userId);
  }

  join(member: OctateMember, now: number): JoinOutcome {
    this.#lastActivity = now;
    return this.#members.join(member);
  }

  /** False when the member is not in the room (any more). */
  leave(member: OctateMember, now: number): boolean {
    this.#lastActivity = now;
    return this.#members.leave(member);
  }

  heartbeat(member: OctateMember, now: number): void {
    this.#lastActivity = now;
    member.lastHeartbeat = now;
  }

  /** Sends a message to all members but the sender, each in its casing. */
  publish(envelope: Envelope, sender: OctateMember): void {
    const frames = { kebab: "", upper: "" };
    for (const { id, connection, casing } of this.#members) {
      if (id === sender.id) continue;
      frames[casing] ||= encode(envelope, casing);
      connection.send(frames[casing]);
    }
  }

  /** Returns the description of the room that clients and HTTP callers get. */
  describe() {
    const { roomId, roomName, hostId, hostName, createdAt, fileId, content, version } = this.facts;
    return {
      roomId,
      roomName,
      hostId,
      hostName,
      peerCount: this.size,
      state: this.size > 0 ? "active" : "idle",
      createdAt,
      lastActivity: this.#lastActivity,
      peers: Array.from(this.#members, ({ id, name, connectedAt, lastHeartbeat }) => ({
        userId: id,
        userName: name,
        isHost: id === hostId,
        connectedAt,
        lastHeartbeat,
      })),
      fileId,
      content,
      version,
    };
  }
}
