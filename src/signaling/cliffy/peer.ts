import type { RoomPass } from "../../rooms/room-pass.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Member, SignalingRoom } from "../signaling-room.ts";
import { encode } from "./codec.ts";

export interface PeerOptions {
  readonly id: string;
  readonly name: string | undefined;
  readonly roomId: string;
  readonly connection: Connection;
  readonly pass: RoomPass<SignalingRoom<Peer>>;
}

/** A peer in the one room that it is in. */
export class Peer implements Member {
  readonly id: string;
  readonly name: string | undefined;
  readonly roomId: string;
  readonly connection: Connection;
  readonly pass: RoomPass<SignalingRoom<Peer>>;

  constructor(options: PeerOptions) {
    this.id = options.id;
    this.name = options.name;
    this.roomId = options.roomId;
    this.connection = options.connection;
    this.pass = options.pass;
  }

  get room(): SignalingRoom<Peer> {
    return this.pass.room;
  }

  /** Tells the others, unless another peer has its place already; idempotent. */
  leave(): void {
    const { room, roomId, id } = this;
    if (room.leave(this)) room.publish(encode({ type: "peer-left", roomId, peerId: id }));
    this.pass.release();
  }
}
