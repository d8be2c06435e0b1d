import type { Bus, BusPort, NodeId } from "../../cluster/bus.ts";
import type { Clock } from "../../lib/time/clock.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import { type ClaimedIds, type HeldId, noProof, type RemoteHeldId, type RoomId } from "../cluster/claimed-ids.ts";
import type { IdClaim } from "../cluster/id-claim.ts";
import { IdClaims } from "../cluster/id-claims.ts";
import type { RemoteMember, RosterRoom } from "../cluster/roster.ts";
import { Rosters } from "../cluster/rosters.ts";
import { isEarlier, type Stamp } from "../cluster/stamp.ts";
import type { SignalingLimits } from "../limits.ts";
import type { Members } from "../members.ts";
import type { PeerCodec } from "../peer-codec.ts";
import { decodePeerName, encodePeerName } from "./peer-name-codec.ts";
import type { Peer, PeerName, PeerRoom } from "./peer-room.ts";

export interface PeerClusterOptions {
  readonly bus: Bus;
  /** The name of the dialect. */
  readonly subject: string;
  readonly codec: PeerCodec;
  /** All peers of this node, where an id is unique in all rooms; undefined where it is unique in its room. */
  readonly peers?: Members<Peer>;
  readonly clock: Clock;
  readonly limits: Pick<SignalingLimits, "livenessProbeMs">;
}

/** The room of the ids that are unique in all rooms. */
const allRooms = "";

const utf8 = new TextDecoder();

/** The messages between the nodes of a cluster about the peers of one dialect. */
export class PeerCluster implements ClaimedIds {
  readonly peers: Members<Peer> | undefined;
  readonly isPartial: boolean;
  readonly #codec: PeerCodec;
  readonly #port: BusPort;
  readonly #claims: IdClaims;
  readonly #rosters: Rosters<PeerName>;
  readonly #rooms = new Map<string, PeerRoom>();

  constructor({ bus, subject, codec, peers, clock, limits }: PeerClusterOptions) {
    this.peers = peers;
    // The rosters are those of the rooms that are open on this node.
    this.isPartial = peers !== undefined;
    this.#codec = codec;
    this.#port = bus.open(subject, {
      received: (from, room, message) => {
        if (!this.#claims.received(room, message)) this.#rosters.received(from, room, message);
      },
      asked: (from, room, question) => this.#claims.asked(room, question) ?? this.#rosters.asked(from, room, question),
      joined: (node) => this.#rosters.joined(node),
      lost: (node) => this.#rosters.lost(node),
      missed: (node) => this.#rosters.missed(node),
    });
    this.#claims = new IdClaims({ node: bus.node, port: this.#port, ids: this, clock, limits });
    this.#rosters = new Rosters({
      node: bus.node,
      codec: { encode: encodePeerName, decode: decodePeerName },
      openPort: () => this.#port,
      heard: (room, id, stamp) => this.#heard(room, id, stamp),
    });
  }

  /** Opens the roster of a room; resolves when the other nodes have told their peers. */
  async share(name: string, room: PeerRoom): Promise<PeerRoom> {
    this.#rooms.set(name, room);
    room.roster = this.#rosters.open(name, new SharedPeers(name, room, this));
    await this.#rosters.refresh(name);
    return room;
  }

  close(room: PeerRoom): void {
    room.close();
    const name = room.roster?.name;
    if (name !== undefined && this.#rooms.get(name) === room) this.#rooms.delete(name);
  }

  /** Begins the claim of a client to an id, which the caller ends. */
  claim(roomId: string, id: string): IdClaim {
    return this.#claims.open(this.#idIn(roomId, id));
  }

  /** A peer has joined its room: where its id is unique in all rooms, it has not left another one on another node yet. */
  entered({ id, stamp }: Peer): void {
    if (this.peers !== undefined && stamp !== undefined) this.#rosters.announce(id, stamp.at);
  }

  joined(roomId: string, member: RemoteMember<PeerName>): string {
    return this.#codec.encodeJoined(roomId, infoOf(member));
  }

  left(roomId: string, member: RemoteMember<PeerName>): string {
    return this.#codec.encodeLeft(roomId, infoOf(member));
  }

  holderOf({ room, id }: RoomId): HeldId | undefined {
    const peer = this.#find(room, id);
    if (peer?.stamp === undefined) return undefined;
    return { stamp: peer.stamp, connection: peer.connection, isOwn: () => false };
  }

  holdersElsewhere({ room, id }: RoomId): readonly RemoteHeldId[] {
    const member = this.#rooms.get(room)?.roster?.find(id);
    return member === undefined ? [] : [{ node: member.node, stamp: member, proof: noProof }];
  }

  /** Rosters decide which of two peers keeps an id, so no claim does. */
  replaced(): void {}

  refused(): void {}

  #heard(room: string, id: string, stamp: Stamp): void {
    this.#claims.observe(stamp);
    const peer = this.peers?.find(id);
    // In one room its roster takes the id from the earlier peer, which has not left then.
    if (peer?.stamp === undefined || peer.roomId === room || !isEarlier(peer.stamp, stamp)) return;
    peer.connection.close(closeReasons.replaced);
  }

  #find(room: string, id: string): Peer | undefined {
    return this.peers === undefined ? this.#rooms.get(room)?.find(id) : this.peers.find(id);
  }

  #idIn(roomId: string, id: string): RoomId {
    return { room: this.peers === undefined ? roomId : allRooms, id };
  }
}

/** A room as its roster sees it. */
class SharedPeers implements RosterRoom<PeerName> {
  readonly #name: string;
  readonly #room: PeerRoom;
  readonly #cluster: PeerCluster;

  constructor(name: string, room: PeerRoom, cluster: PeerCluster) {
    this.#name = name;
    this.#room = room;
    this.#cluster = cluster;
  }

  joined(member: RemoteMember<PeerName>): void {
    this.#room.publishHere(this.#cluster.joined(this.#name, member));
  }

  left(member: RemoteMember<PeerName>): void {
    this.#room.publishHere(this.#cluster.left(this.#name, member));
  }

  replaced(id: string): void {
    const peer = this.#room.find(id);
    if (peer === undefined) return;
    this.#room.leave(peer);
    this.#cluster.peers?.leave(peer);
    peer.connection.close(closeReasons.replaced);
  }

  received(payload: Uint8Array, receiver: string | undefined, _: NodeId): void {
    const frame = utf8.decode(payload);
    if (receiver === undefined) this.#room.publishHere(frame);
    else this.#room.find(receiver)?.connection.send(frame);
  }
}

function infoOf({ id, info }: RemoteMember<PeerName>) {
  return { id, name: info.name };
}
