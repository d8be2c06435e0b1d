import type { Authorizer } from "../../auth/authorizer.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { DialectSession, SignalingClient } from "../dialects.ts";
import { joinRoom } from "../join.ts";
import type { JsonMessage } from "../json-codec.ts";
import type { SignalingLimits } from "../limits.ts";
import type { SignalingBound } from "../quotas.ts";
import type { SignalingRoom } from "../signaling-room.ts";
import { type ClientMessage, decode, encode, encodeSignal, type Signal } from "./codec.ts";
import { Peer } from "./peer.ts";

/** What all Cliffy sessions of a server share. */
export interface CliffyOptions {
  readonly rooms: RoomRegistry<SignalingRoom<Peer>>;
  readonly authorizer: Authorizer;
  readonly limits: SignalingLimits & RoomLimits;
  readonly clock: Clock;
}

/** By peer id: a peer is in one room at a time. */
export type Peers = Map<string, Peer>;

/** One Cliffy client: a peer with an id and perhaps a name, in one room or in none. */
export class CliffySession implements DialectSession {
  readonly #client: SignalingClient;
  readonly #options: CliffyOptions;
  readonly #peers: Peers;
  #peer: Peer | undefined;

  constructor(client: SignalingClient, options: CliffyOptions, peers: Peers) {
    this.#client = client;
    this.#options = options;
    this.#peers = peers;
  }

  receive(received: JsonMessage): void | Promise<void> {
    const message = decode(received);
    switch (message.type) {
      case "join":
        return this.#join(message);
      case "leave":
        if (this.#peer?.roomId === message.roomId) this.#leave();
        return;
      case "offer":
      case "answer":
      case "ice-candidate":
        return this.#forward(message);
      case "unknown":
        return;
    }
  }

  async malformed(): Promise<void> {
    if (await this.#client.quota.spend(1)) this.#refuse("Invalid message format");
  }

  closed(): void {
    this.#leave();
  }

  async #join({ roomId, peerId, peerName }: Extract<ClientMessage, { type: "join" }>): Promise<void> {
    const { connection } = this.#client;
    const { limits } = this.#options;
    const names = peerName ? [roomId, peerId, peerName] : [roomId, peerId];
    const fault = names.map((name) => checkRoomName(name, limits.nameBytes)).find((found) => found !== undefined);
    if (fault !== undefined) return this.#refuse(`Invalid room id, peer id or name: ${fault}`, "name");
    const refusal = await joinRoom(
      {
        client: this.#client,
        roomId,
        holder: () => this.#peers.get(peerId),
        granted: (pass, holder) =>
          this.#enter(new Peer({ id: peerId, name: peerName, roomId, connection, pass }), holder),
      },
      this.#options,
    );
    if (refusal !== undefined) this.#refuse(refusal === "id-in-use" ? "Peer id in use" : refusal.reason);
  }

  /** One step: whoever resumes a peer id in its room has it without having left. */
  #enter(peer: Peer, previous: Peer | undefined): void {
    const { roomId, id, name, room, connection } = peer;
    if (this.#peer !== previous) this.#leave();
    if (room.join(peer) === "full") {
      peer.leave();
      this.#refuse("Room is full", "room-members");
      return;
    }
    this.#peers.set(id, peer);
    if (this.#peer === undefined) this.#client.quota.joinedRoom();
    this.#peer = peer;
    previous?.leave();
    if (previous !== undefined && previous.connection !== connection) previous.connection.close(closeReasons.replaced);
    const others = [...room].filter((other) => other !== peer);
    const infos = others.map((other) => ({ id: other.id, name: other.name }));
    connection.send(encode({ type: "peers", roomId, peers: infos }));
    room.publish(encode({ type: "peer-joined", roomId, peerId: id, peerName: name }), peer);
    peer.pass.watch({
      ended: ({ reason }) => {
        this.#refuse(reason);
        this.#leave();
      },
    });
  }

  #leave(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.#peer = undefined;
    if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id);
    peer.leave();
    this.#client.quota.leftRoom();
  }

  #forward(signal: Signal): void | Promise<void> {
    const sender = this.#peer;
    if (sender === undefined || sender.room.find(signal.toPeerId) === undefined) return;
    const spent = this.#client.quota.spend(1);
    if (spent === true) deliver(sender, signal);
    else if (spent instanceof Promise) {
      return spent.then((mayGo) => (mayGo && this.#peer === sender ? deliver(sender, signal) : undefined));
    }
  }

  #refuse(message: string, bound?: SignalingBound): void {
    if (bound !== undefined) this.#client.quota.met(bound);
    this.#client.connection.send(encode({ type: "error", message }));
  }
}

/** To a peer of the same room, if it is there. */
function deliver(sender: Peer, signal: Signal): void {
  sender.room.send(signal.toPeerId, encodeSignal(signal, sender.id));
}
