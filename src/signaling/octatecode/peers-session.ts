import type { Authorizer } from "../../auth/authorizer.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { Connection } from "../../transport/connection.ts";
import type { DialectSession, JsonDialect, SignalingClient } from "../dialects.ts";
import { joinRoom } from "../join.ts";
import type { JsonMessage } from "../json-codec.ts";
import type { SignalingLimits } from "../limits.ts";
import type { SignalingBound } from "../quotas.ts";
import type { Member, SignalingRoom } from "../signaling-room.ts";
import { endingText } from "./denial-text.ts";
import { decodePeers, isOctateCodePeers, type PeersMessage, type PeersSignal } from "./peers-codec.ts";

export interface OctatePeer extends Member {
  readonly id: string;
  readonly name: string;
  readonly connection: Connection;
}

export interface OctatePeersOptions {
  readonly rooms: RoomRegistry<SignalingRoom<OctatePeer>>;
  readonly authorizer: Authorizer;
  readonly limits: SignalingLimits & RoomLimits;
  readonly clock: Clock;
}

/** Signaling for OctateCode's second dialect: rooms of peers, which one enters by naming oneself. */
export function octateCodePeers(options: OctatePeersOptions): JsonDialect {
  return {
    name: "octatecode-peers",
    recognises: isOctateCodePeers,
    open: (client) => new OctatePeersSession(client, options),
  };
}

interface Place {
  readonly roomId: string;
  readonly peer: OctatePeer;
  readonly pass: RoomPass<SignalingRoom<OctatePeer>>;
}

/** One client: a peer in one room, or in none. */
class OctatePeersSession implements DialectSession {
  readonly #client: SignalingClient;
  readonly #options: OctatePeersOptions;
  #place: Place | undefined;

  constructor(client: SignalingClient, options: OctatePeersOptions) {
    this.#client = client;
    this.#options = options;
  }

  receive(received: JsonMessage): void | Promise<void> {
    const message = decodePeers(received);
    switch (message.type) {
      case "auth":
        return this.#enter(message);
      case "leave":
        this.#leave();
        return;
      case "offer":
      case "answer":
      case "ice":
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

  async #enter({ roomId, from: id, name = id }: Extract<PeersMessage, { type: "auth" }>): Promise<void> {
    const { connection } = this.#client;
    const { limits } = this.#options;
    const fault = [roomId, id, name].some((each) => checkRoomName(each, limits.nameBytes) !== undefined);
    if (fault) return this.#refuse("Missing userId or roomId", "name");
    const refusal = await joinRoom(
      {
        client: this.#client,
        roomId,
        holder: (room) => room.find(id),
        granted: (pass, holder) => this.#resume({ roomId, peer: { id, name, connection }, pass }, holder),
      },
      this.#options,
    );
    if (refusal !== undefined) this.#refuse(refusal === "id-in-use" ? "Peer id in use" : endingText(refusal));
  }

  /** One step: whoever resumes a peer id in its room has it without having left. */
  #resume(place: Place, holder: OctatePeer | undefined): void {
    const { roomId, peer, pass } = place;
    const { room } = pass;
    const isSame = this.#place?.roomId === roomId && this.#place.peer.id === peer.id;
    if (!isSame) this.#leave();
    if (room.join(peer) === "full") {
      pass.release();
      this.#refuse("Room not found or join failed", "room-members");
      return;
    }
    if (this.#place === undefined) this.#client.quota.joinedRoom();
    this.#place?.pass.release();
    this.#place = place;
    if (holder !== undefined && holder.connection !== peer.connection) holder.connection.close(closeReasons.replaced);
    const others = [...room].filter((other) => other !== peer).map(({ id, name }) => ({ id, name }));
    this.#send({ type: "peerList", roomId, peers: others });
    room.publish(JSON.stringify({ type: "peerJoined", roomId, peerId: peer.id, peerName: peer.name }), peer);
    pass.watch({
      ended: (denial) => {
        this.#refuse(endingText(denial));
        this.#leave();
      },
    });
  }

  #leave(): void {
    if (this.#place === undefined) return;
    const { roomId, peer, pass } = this.#place;
    this.#place = undefined;
    this.#client.quota.leftRoom();
    if (pass.room.leave(peer)) pass.room.publish(JSON.stringify({ type: "peerLeft", roomId, peerId: peer.id }));
    pass.release();
  }

  #forward(signal: PeersSignal): void | Promise<void> {
    const place = this.#place;
    if (place?.pass.room.find(signal.to) === undefined) return;
    const spent = this.#client.quota.spend(1);
    if (spent === true) deliver(place, signal);
    else if (spent instanceof Promise) {
      return spent.then((mayGo) => (mayGo && this.#place === place ? deliver(place, signal) : undefined));
    }
  }

  #refuse(error: string, bound?: SignalingBound): void {
    if (bound !== undefined) this.#client.quota.met(bound);
    this.#send({ type: "error", data: { error } });
  }

  #send(message: unknown): void {
    this.#client.connection.send(JSON.stringify(message));
  }
}

/** To a peer of the same room, if it is there; the sender is the connection's own, twice. */
function deliver({ roomId, peer, pass }: Place, { type, to, data }: PeersSignal): void {
  pass.room.send(to, JSON.stringify({ type, roomId, peerId: peer.id, from: peer.id, to, data }));
}
