import { sha256 } from "../../lib/crypto/sha-256.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { HeldId } from "../cluster/claimed-ids.ts";
import type { LocalMember, RemoteMember, Roster } from "../cluster/roster.ts";
import type { Stamp } from "../cluster/stamp.ts";
import type { JoinOutcome } from "../members.ts";
import { type Member, SignalingRoom } from "../signaling-room.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";
import type { MemberRecord, RoomFacts } from "./cluster/cluster-codec.ts";
import type { ClusterRoom } from "./cluster/octate-cluster.ts";
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
  /** The stamp of the claim to its id; undefined on a single node. */
  readonly stamp: Stamp | undefined;
}

export interface OctateRoomOptions {
  readonly facts: RoomFacts;
  readonly openChannel: OpenChannel;
  readonly memberLimit: number;
  readonly clock: Clock;
  /** Reports that members on other nodes have joined or left. */
  readonly membersChanged: (room: OctateRoom) => void;
}

const utf8 = { encoder: new TextEncoder(), decoder: new TextDecoder() };

/**
 * A room with its host's description, and its members on all nodes. It exists before its first member and for a while
 * after the last.
 */
export class OctateRoom implements WatchedRoom, ClusterRoom {
  facts: RoomFacts;
  watcher: MessageWatcher | undefined;
  /** The members on other nodes; undefined on a single node. */
  roster: Roster<MemberRecord> | undefined;
  readonly #options: OctateRoomOptions;
  readonly #members: SignalingRoom<OctateMember>;
  #lastActivity: number;

  constructor(options: OctateRoomOptions) {
    const { facts, openChannel, memberLimit } = options;
    this.facts = facts;
    this.#options = options;
    this.#members = new SignalingRoom(openChannel, memberLimit);
    this.#lastActivity = facts.createdAt;
  }

  /** The number of members on all nodes. */
  get size(): number {
    return this.#members.size + (this.roster?.size ?? 0);
  }

  /** Iterates over the members of this node. */
  [Symbol.iterator](): IterableIterator<OctateMember> {
    return this.#members[Symbol.iterator]();
  }

  /** The member of this node that has the id. */
  find(userId: string): OctateMember | undefined {
    return this.#members.find(userId);
  }

  /** Whether a member of any node has the id. */
  has(userId: string): boolean {
    return this.#members.find(userId) !== undefined || this.roster?.find(userId) !== undefined;
  }

  join(member: OctateMember, now: number): JoinOutcome {
    this.#lastActivity = now;
    // A member on another node that loses its id does not count.
    const others =
      this.roster === undefined ? 0 : this.roster.size - (this.roster.find(member.id) === undefined ? 0 : 1);
    const outcome = this.#members.join(member, others);
    if (outcome !== "full") this.roster?.join(recordOf(member));
    return outcome;
  }

  /** False when the member is not in the room (any more). */
  leave(member: OctateMember, now: number): boolean {
    this.#lastActivity = now;
    const hasLeft = this.#members.leave(member);
    if (hasLeft) this.roster?.leave(member.id);
    return hasLeft;
  }

  heartbeat(member: OctateMember, now: number): void {
    this.#lastActivity = now;
    member.lastHeartbeat = now;
    this.roster?.describe(recordOf(member));
  }

  /** Sends a message to all members of this node but the sender, each in its casing. */
  publishHere(envelope: Envelope, sender?: OctateMember): void {
    const frames = { kebab: "", upper: "" };
    for (const { id, connection, casing } of this.#members) {
      if (id === sender?.id) continue;
      frames[casing] ||= encode(envelope, casing);
      connection.send(frames[casing]);
    }
  }

  /** Sends a message to all members of all nodes but the sender. */
  publish(envelope: Envelope, sender: OctateMember): void {
    this.publishHere(envelope, sender);
    if (this.roster?.isShared === true) this.roster.publish(utf8.encoder.encode(JSON.stringify(envelope)));
  }

  /** Sends a message to one member; returns false when no member has the id. */
  send(userId: string, envelope: Envelope): boolean {
    const receiver = this.find(userId);
    const remote = receiver === undefined ? this.roster?.find(userId) : undefined;
    receiver?.connection.send(encode(envelope, receiver.casing));
    if (remote !== undefined) this.roster?.send(remote, utf8.encoder.encode(JSON.stringify(envelope)));
    return receiver !== undefined || remote !== undefined;
  }

  holderOf(userId: string): HeldId | undefined {
    const member = this.find(userId);
    if (member?.stamp === undefined) return undefined;
    const { connection, stamp } = member;
    return { connection, stamp, isOwn: (proof) => proof.length > 0 && isSameProof(member.proof, proof) };
  }

  joined({ id: userId, info }: RemoteMember<MemberRecord>): void {
    this.#changedElsewhere("peer-joined", userId, { peer: { userId, userName: info.name } });
  }

  left({ id }: RemoteMember<MemberRecord>): void {
    this.#changedElsewhere("peer-left", id);
  }

  replaced(id: string): void {
    const member = this.find(id);
    if (member === undefined) return;
    this.#members.leave(member);
    member.connection.close(closeReasons.replaced);
  }

  received(payload: Uint8Array, receiver: string | undefined): void {
    const envelope = readEnvelope(utf8.decoder.decode(payload));
    const member = receiver === undefined ? undefined : this.find(receiver);
    if (envelope === undefined) return;
    if (receiver === undefined) this.publishHere(envelope);
    else member?.connection.send(encode(envelope, member.casing));
  }

  /** Returns the description of the room that clients and HTTP callers get. */
  describe() {
    const { roomId, roomName, hostId, hostName, createdAt, fileId, content, version } = this.facts;
    const here = Array.from(this.#members, (member) => ({ id: member.id, info: member }));
    const members: readonly { readonly id: string; readonly info: MemberRecord }[] = [...here, ...(this.roster ?? [])];
    return {
      roomId,
      roomName,
      hostId,
      hostName,
      peerCount: this.size,
      state: this.size > 0 ? "active" : "idle",
      createdAt,
      lastActivity: Math.max(this.#lastActivity, ...members.map(({ info }) => info.lastHeartbeat)),
      peers: members.map(({ id, info: { name, connectedAt, lastHeartbeat } }) => ({
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

  #changedElsewhere(type: string, userId: string, data?: unknown): void {
    const now = this.#options.clock.now();
    this.#lastActivity = now;
    const { roomId } = this.facts;
    this.publishHere({ type, roomId, userId, ...(data !== undefined && { data }), timestamp: now });
    this.#options.membersChanged(this);
  }
}

function recordOf({ id, name, connectedAt, lastHeartbeat, stamp }: OctateMember): LocalMember<MemberRecord> {
  return { id, at: stamp?.at ?? 0, info: { name, connectedAt, lastHeartbeat } };
}

/** Proofs are tokens, of which only the digest is shown to other nodes. */
function isSameProof(proof: string | undefined, shown: Uint8Array): boolean {
  return proof !== undefined && Buffer.compare(sha256(proof), shown) === 0;
}

/** Undefined for a message of a later release that cannot be read. */
function readEnvelope(text: string): Envelope | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isEnvelope = typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
    // Its other members are passed on as the sender's node has written them.
    return isEnvelope ? (value as Envelope) : undefined;
  } catch {
    return undefined;
  }
}
