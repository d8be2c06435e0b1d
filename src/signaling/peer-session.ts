import type { Authorizer, Denial } from "../auth/authorizer.ts";
import type { Clock } from "../lib/time/clock.ts";
import { closeReasonOf, isTemporary } from "../rooms/denial.ts";
import type { RoomLimits } from "../rooms/limits.ts";
import { checkName } from "../rooms/room-name.ts";
import type { RoomRegistry } from "../rooms/room-registry.ts";
import { closeReasons } from "../transport/close-reason.ts";
import type { DialectSession, SignalingClient } from "./dialects.ts";
import { joinRoom } from "./join.ts";
import type { JsonMessage } from "./json-codec.ts";
import type { SignalingLimits } from "./limits.ts";
import type { Members } from "./members.ts";
import type { PeerCodec, PeerJoin, PeerSignal } from "./peer-codec.ts";
import type { PeerCluster } from "./peer-rooms/peer-cluster.ts";
import type { Peer, PeerRoom } from "./peer-rooms/peer-room.ts";
import type { Deliverer, SignalingBound } from "./quotas.ts";

/** The parts that all peer sessions of a server share. */
export interface PeerSessionOptions {
  readonly rooms: RoomRegistry<PeerRoom>;
  /** The same dialect on other nodes; undefined on a single node. */
  readonly cluster?: PeerCluster | undefined;
  readonly authorizer: Authorizer;
  readonly limits: SignalingLimits & RoomLimits;
  readonly clock: Clock;
}

/** A dialect of peer sessions: its wire format, its texts and the scope of its peer ids. */
export interface PeerDialect {
  readonly codec: PeerCodec;
  readonly texts: PeerTexts;
  /** The names of a join that must be valid. */
  namesOf(join: PeerJoin): readonly string[];
  /** All peers of the server, where a peer id is unique on the server; undefined where it is unique in its room. */
  readonly peers?: Members<Peer>;
  /** Whether a message for the whole room is sent to its sender as well; by default it is not. */
  readonly isBroadcastEchoed?: boolean;
}

/** The error texts in which the dialects differ. */
export interface PeerTexts {
  readonly roomFull: string;
  /** `fault` describes the error in the name. */
  invalidName(fault: string): string;
  denied(denial: Denial): string;
}

/**
 * One client of a dialect in which peers join one room at a time, and signal each other by id or the whole room: Cliffy,
 * and OctateCode's dialects without tokens.
 */
export class PeerSession implements DialectSession, Deliverer<PeerSignal> {
  readonly #client: SignalingClient;
  readonly #dialect: PeerDialect;
  readonly #options: PeerSessionOptions;
  #peer: Peer | undefined;

  constructor(client: SignalingClient, dialect: PeerDialect, options: PeerSessionOptions) {
    this.#client = client;
    this.#dialect = dialect;
    this.#options = options;
  }

  receive(received: JsonMessage): void | Promise<void> {
    const message = this.#dialect.codec.decode(received);
    switch (message.type) {
      case "join":
        return this.#join(message);
      case "leave":
        if (message.roomId === undefined || message.roomId === this.#peer?.roomId) this.#leave();
        return;
      case "signal":
        return this.#forward(message);
      case "confirm":
        return this.#confirm(message.text);
      case "unknown":
        return this.#client.ignored();
    }
  }

  async malformed(): Promise<void> {
    if (await this.#client.quota.spend(1)) this.#refuse("Invalid message format");
  }

  refused(detail: string): void {
    this.#refuse(detail);
  }

  closed(): void {
    this.#leave();
  }

  /** Sends a signal to its receiver, if both peers are still in the room, or to all peers of the room. */
  deliver(signal: PeerSignal): void {
    const sender = this.#peer;
    if (sender === undefined) return;
    const { codec, isBroadcastEchoed = false } = this.#dialect;
    const { room } = sender.pass;
    const frame = codec.encodeSignal(signal, sender);
    if (signal.to === undefined) {
      room.publish(frame, isBroadcastEchoed ? undefined : sender);
      room.watcher?.(sender.connection, undefined);
    } else {
      room.send(signal.to, frame);
      const receiver = room.find(signal.to);
      // The watcher knows the connections of this node only.
      if (receiver !== undefined) room.watcher?.(sender.connection, receiver.connection);
    }
  }

  async #join(join: PeerJoin): Promise<void> {
    const { peers, texts } = this.#dialect;
    const { roomId, id, name } = join;
    const fault = this.#nameFault(join);
    if (fault !== undefined) return this.#refuse(texts.invalidName(fault), "name");
    const { connection } = this.#client;
    const { cluster } = this.#options;
    const refusal = await joinRoom(
      {
        client: this.#client,
        roomId,
        holder: (room) => (peers ?? room).find(id),
        claim: cluster && (() => cluster.claim(roomId, id)),
        granted: (pass, holder, grant) =>
          this.#enter({ id, name, roomId, connection, pass, stamp: grant?.stamp }, holder),
      },
      this.#options,
    );
    if (refusal !== undefined) this.#refuse(refusal === "id-in-use" ? "Peer id in use" : texts.denied(refusal));
  }

  #nameFault(join: PeerJoin): string | undefined {
    const { nameBytes } = this.#options.limits;
    const faults = this.#dialect.namesOf(join).map((name) => checkName(name, nameBytes));
    return faults.find((fault) => fault !== undefined);
  }

  /** Joins the room in one synchronous step: a client that takes over its own peer id has it without having left. */
  #enter(peer: Peer, holder: Peer | undefined): void {
    const { codec, peers, texts } = this.#dialect;
    const { connection, roomId, pass } = peer;
    const { room } = pass;
    if (this.#peer !== holder) this.#leave();
    if (room.join(peer) === "full") {
      pass.release();
      this.#refuse(texts.roomFull, "room-members");
      return;
    }
    peers?.join(peer);
    this.#options.cluster?.entered(peer);
    if (this.#peer === undefined) this.#client.quota.joinedRoom();
    this.#peer = peer;
    if (holder !== undefined) this.#depart(holder);
    if (holder !== undefined && holder.connection !== connection) holder.connection.close(closeReasons.replaced);
    connection.send(codec.encodePeers(roomId, room.othersOf(peer), peer));
    room.publishHere(codec.encodeJoined(roomId, peer), peer);
    pass.watch({ ended: (denial) => this.#ended(denial) });
  }

  /** The token is part of the connection's URL, so a client with a newer one has to connect again. */
  #ended(denial: Denial): void {
    this.#refuse(this.#dialect.texts.denied(denial));
    this.#leave();
    if (isTemporary(denial)) this.#client.connection.close(closeReasonOf(denial));
  }

  #leave(): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.#peer = undefined;
    this.#dialect.peers?.leave(peer);
    this.#depart(peer);
    this.#client.quota.leftRoom();
  }

  /** Removes the peer from its room and tells the others, unless another peer has taken over its id there. Idempotent. */
  #depart(peer: Peer): void {
    const { roomId, pass } = peer;
    if (pass.room.leave(peer)) pass.room.publishHere(this.#dialect.codec.encodeLeft(roomId, peer));
    pass.release();
  }

  #forward(signal: PeerSignal): void | Promise<void> {
    const room = this.#peer?.pass.room;
    if (room === undefined) return;
    if (signal.to === undefined) return this.#client.quota.afterSpending(room.size, this, signal);
    if (room.has(signal.to)) return this.#client.quota.afterSpending(1, this, signal);
  }

  #confirm(text: string): void {
    if (this.#peer === undefined) this.#refuse("Not authenticated");
    else this.#client.connection.send(text);
  }

  #refuse(text: string, bound?: SignalingBound): void {
    if (bound !== undefined) this.#client.quota.met(bound);
    this.#client.connection.send(this.#dialect.codec.encodeError(text));
  }
}
