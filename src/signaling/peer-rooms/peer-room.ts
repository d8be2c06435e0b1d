import type { RoomPass } from "../../rooms/room-pass.ts";
import type { OpenChannel } from "../../transport/channel.ts";
import type { Roster } from "../cluster/roster.ts";
import type { Stamp } from "../cluster/stamp.ts";
import type { JoinOutcome } from "../members.ts";
import type { PeerInfo } from "../peer-codec.ts";
import { type Member, SignalingRoom } from "../signaling-room.ts";
import type { MessageWatcher, WatchedRoom } from "../signaling-rooms.ts";

/** A peer in a room. */
export interface Peer extends Member, PeerInfo {
  readonly roomId: string;
  readonly pass: RoomPass<PeerRoom>;
  /** The stamp of the claim to its id; undefined on a single node. */
  readonly stamp: Stamp | undefined;
}

/** The part of a peer's description that nodes tell each other with its id. */
export type PeerName = Pick<PeerInfo, "name">;

const utf8 = new TextEncoder();

/** The peers of one room: those of this node, and those on the other nodes of a cluster. */
export class PeerRoom implements WatchedRoom {
  watcher: MessageWatcher | undefined;
  /** The peers on other nodes; undefined on a single node. */
  roster: Roster<PeerName> | undefined;
  readonly #room: SignalingRoom<Peer>;

  constructor(openChannel: OpenChannel, memberLimit: number) {
    this.#room = new SignalingRoom(openChannel, memberLimit);
  }

  /** The number of peers on all nodes. */
  get size(): number {
    return this.#room.size + (this.roster?.size ?? 0);
  }

  /** Iterates over the peers of this node. */
  [Symbol.iterator](): IterableIterator<Peer> {
    return this.#room[Symbol.iterator]();
  }

  /** The peer of this node that has the id. */
  find(id: string): Peer | undefined {
    return this.#room.find(id);
  }

  /** Whether a peer of any node has the id. */
  has(id: string): boolean {
    return this.#room.find(id) !== undefined || this.roster?.find(id) !== undefined;
  }

  /** The other peers of a peer, on all nodes. */
  othersOf(peer: Peer): readonly PeerInfo[] {
    const others: PeerInfo[] = [...this.#room].filter((other) => other !== peer);
    for (const { id, info } of this.roster ?? []) others.push({ id, name: info.name });
    return others;
  }

  /** As `SignalingRoom.join`. The peers on other nodes are told of it. */
  join(peer: Peer): JoinOutcome {
    const { id, name, stamp } = peer;
    // A peer on another node that loses its id does not count.
    const others = this.roster === undefined ? 0 : this.roster.size - (this.roster.find(id) === undefined ? 0 : 1);
    const outcome = this.#room.join(peer, others);
    if (outcome !== "full") this.roster?.join({ id, at: stamp?.at ?? 0, info: { name } });
    return outcome;
  }

  /** As `SignalingRoom.leave`. The peers on other nodes are told of it. */
  leave(peer: Peer): boolean {
    const hasLeft = this.#room.leave(peer);
    if (hasLeft) this.roster?.leave(peer.id);
    return hasLeft;
  }

  /** Sends a frame to all peers of this node but the sender. */
  publishHere(frame: string, sender?: Peer): void {
    this.#room.publish(frame, sender);
  }

  /** Sends a frame to all peers of all nodes but the sender. */
  publish(frame: string, sender?: Peer): void {
    this.#room.publish(frame, sender);
    if (this.roster?.isShared === true) this.roster.publish(utf8.encode(frame));
  }

  /** Sends a frame to one peer, in order with what is published. Does nothing when no peer has the id. */
  send(id: string, frame: string): void {
    if (this.#room.send(id, frame)) return;
    const remote = this.roster?.find(id);
    if (remote !== undefined) this.roster?.send(remote, utf8.encode(frame));
  }

  close(): void {
    this.roster?.close();
  }
}
