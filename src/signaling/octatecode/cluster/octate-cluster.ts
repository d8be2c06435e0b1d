import type { Bus, BusPort, NodeId } from "../../../cluster/bus.ts";
import type { Clock } from "../../../lib/time/clock.ts";
import { type ClaimedIds, type HeldId, noProof, type RemoteHeldId, type RoomId } from "../../cluster/claimed-ids.ts";
import type { IdClaim } from "../../cluster/id-claim.ts";
import { IdClaims } from "../../cluster/id-claims.ts";
import type { Roster, RosterRoom } from "../../cluster/roster.ts";
import { Rosters } from "../../cluster/rosters.ts";
import type { Stamp } from "../../cluster/stamp.ts";
import type { SignalingLimits } from "../../limits.ts";
import {
  decodeMember,
  decodeRoomMessage,
  encodeMember,
  encodeRoomMessage,
  isRoomQuestion,
  type MemberRecord,
  type RoomFacts,
  type RoomMessage,
  roomQuestion,
} from "./cluster-codec.ts";

/** A room, for the other nodes. */
export interface ClusterRoom extends RosterRoom<MemberRecord> {
  readonly facts: RoomFacts;
  readonly roster: Roster<MemberRecord> | undefined;
  /** The member of this node that has the id. */
  holderOf(userId: string): HeldId | undefined;
}

/** The rooms of this node, which has those of all nodes. */
export interface ClusterRooms extends Iterable<ClusterRoom> {
  find(roomId: string): ClusterRoom | undefined;
  /** Another node has the room: this node has it from now on, or changes its description to the older one. */
  adopt(facts: RoomFacts): void;
  /** Drops the room that another node has dropped; returns false if somebody is in it. */
  dropEmpty(roomId: string, createdAt: number): boolean;
}

export interface OctateClusterOptions {
  readonly bus: Bus;
  readonly rooms: ClusterRooms;
  readonly clock: Clock;
  readonly limits: Pick<SignalingLimits, "livenessProbeMs">;
}

/** The room of the ids of rooms, among the rooms of the ids of users. */
const allRooms = "";

/** A room holds its id as long as it exists: nobody takes it over. */
const roomHolder = { ping: (answered: (isAlive: boolean) => void) => answered(true) };

/**
 * The messages between the nodes of a cluster about OctateCode's rooms.
 *
 * Every node has all rooms, so that they outlive the node on which they were created, and each can list them. A node that
 * is asked for a room that it does not know asks the others.
 */
export class OctateCluster implements ClaimedIds {
  readonly #bus: Bus;
  readonly #rooms: ClusterRooms;
  readonly #port: BusPort;
  readonly #claims: IdClaims;
  readonly #rosters: Rosters<MemberRecord>;

  constructor({ bus, rooms, clock, limits }: OctateClusterOptions) {
    this.#bus = bus;
    this.#rooms = rooms;
    this.#port = bus.open("octatecode", {
      received: (from, room, message) => this.#received(from, room, message),
      asked: (from, room, question) => this.#claims.asked(room, question) ?? this.#asked(from, room, question),
      joined: (node) => this.#joined(node),
      lost: (node) => this.#rosters.lost(node),
      missed: (node) => this.#missed(node),
    });
    this.#claims = new IdClaims({ node: bus.node, port: this.#port, ids: this, clock, limits });
    this.#rosters = new Rosters({
      node: bus.node,
      codec: { encode: encodeMember, decode: decodeMember },
      openPort: () => this.#port,
      heard: (_, __, stamp) => this.#claims.observe(stamp),
    });
  }

  /** Opens the roster of a room that this node has from now on. */
  open(room: ClusterRoom): Roster<MemberRecord> {
    const roster = this.#rosters.open(room.facts.roomId, room);
    for (const node of this.#bus.peers) roster.opened(node);
    return roster;
  }

  /** The room is none of this node's any more. The other nodes go on telling of it: this node may get it again. */
  close({ facts: { roomId } }: ClusterRoom): void {
    this.#rosters.forget(roomId);
  }

  /** Tells the other nodes of a room that has been created on this one. */
  created({ facts }: ClusterRoom): void {
    this.#port.publish(allRooms, encodeRoomMessage({ type: "described", facts }));
  }

  /** Tells the other nodes that this one has dropped a room in which nobody was. */
  forgotten({ facts: { roomId, createdAt } }: ClusterRoom): void {
    this.#port.publish(allRooms, encodeRoomMessage({ type: "forgotten", roomId, createdAt }));
  }

  /** Begins the claim of a user to its id in a room, which the caller ends. */
  claim(roomId: string, userId: string, proof: Uint8Array): IdClaim {
    return this.#claims.open({ room: roomId, id: userId }, proof);
  }

  /** Begins the claim to the id of a new room, which the caller ends. */
  claimRoom(roomId: string): IdClaim {
    return this.#claims.open({ room: allRooms, id: roomId });
  }

  /** The stamp of a member that needs no claim. */
  nextStamp(): Stamp {
    return this.#claims.nextStamp();
  }

  /** Resolves when the other nodes have told whether they have a room, and their members in it, or after 1 s. */
  async lookUp(roomId: string): Promise<void> {
    await this.#port.ask(roomId, roomQuestion);
  }

  holderOf({ room, id }: RoomId): HeldId | undefined {
    if (room !== allRooms) return this.#rooms.find(room)?.holderOf(id);
    const created = this.#rooms.find(id);
    return created && { stamp: { at: 0, node: this.#bus.node }, connection: roomHolder, isOwn: () => false };
  }

  holdersElsewhere({ room, id }: RoomId): readonly RemoteHeldId[] {
    const member = this.#rooms.find(room)?.roster?.find(id);
    return member === undefined ? [] : [{ node: member.node, stamp: member, proof: noProof }];
  }

  /** Rosters decide which of two members keeps an id, so no claim does. */
  replaced(): void {}

  refused(): void {}

  #received(from: NodeId, room: string, bytes: Uint8Array): void {
    if (this.#claims.received(room, bytes)) return;
    const message = decodeRoomMessage(bytes);
    if (message === undefined) this.#rosters.received(from, room, bytes);
    else this.#heard(from, message);
  }

  #heard(from: NodeId, message: RoomMessage): void {
    switch (message.type) {
      case "described":
        this.#rooms.adopt(message.facts);
        break;
      case "forgotten": {
        const { roomId, createdAt } = message;
        const room = this.#rooms.find(roomId);
        if (room !== undefined && !this.#rooms.dropEmpty(roomId, createdAt)) this.#describe(from, room);
        break;
      }
      case "describe-all":
        this.#describeAll(from);
    }
  }

  #asked(from: NodeId, roomId: string, question: Uint8Array): undefined {
    const room = this.#rooms.find(roomId);
    if (!isRoomQuestion(question)) this.#rosters.asked(from, roomId, question);
    else if (room !== undefined) this.#describe(from, room);
  }

  #joined(node: NodeId): void {
    this.#describeAll(node);
    this.#rosters.joined(node);
  }

  #missed(node: NodeId): void {
    this.#send(node, { type: "describe-all" });
    // The same request of the other node may be what was lost.
    this.#describeAll(node);
    this.#rosters.missed(node);
  }

  #describeAll(node: NodeId): void {
    for (const room of this.#rooms) this.#describe(node, room);
  }

  #describe(node: NodeId, { facts }: ClusterRoom): void {
    this.#send(node, { type: "described", facts });
    this.#rosters.tell(node, [facts.roomId]);
  }

  #send(node: NodeId, message: RoomMessage): void {
    this.#port.send(node, allRooms, encodeRoomMessage(message));
  }
}
