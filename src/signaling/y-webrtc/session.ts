import type { Authorizer } from "../../auth/authorizer.ts";
import type { Limits } from "../../config/limits.ts";
import type { Log } from "../../ops/log.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import type { Lease, RoomRegistry } from "../../rooms/room-registry.ts";
import type { Connection, Frame } from "../../transport/connection.ts";
import type { Handshake, ProtocolSession } from "../../transport/protocol.ts";
import type { SignalingRoom } from "../signaling-room.ts";
import { type ClientMessage, decode, encodePublished, pong } from "./codec.ts";

/** What all y-webrtc sessions of a server share. */
export interface YWebrtcOptions {
  readonly rooms: RoomRegistry<SignalingRoom>;
  readonly authorizer: Authorizer;
  readonly limits: Limits;
  readonly log: Log;
}

/**
 * The topics of one y-webrtc client.
 *
 * A refused topic is ignored, because the client has no words for a refusal; the log says why, without the topic's name,
 * which is a secret.
 */
export class YWebrtcSession implements ProtocolSession {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  readonly #options: YWebrtcOptions;
  readonly #subscriptions = new Map<string, Lease<SignalingRoom>>();

  constructor(connection: Connection, handshake: Handshake, options: YWebrtcOptions) {
    this.#connection = connection;
    this.#handshake = handshake;
    this.#options = options;
  }

  receive(frame: Frame): void | Promise<void> {
    const message = decode(frame, this.#options.limits);
    switch (message.type) {
      case "subscribe":
        return this.#subscribe(message.topics);
      case "unsubscribe":
        for (const topic of message.topics) this.#unsubscribe(topic);
        return;
      case "publish":
        return this.#publish(message);
      case "ping":
        return this.#connection.send(pong);
      case "unknown":
        return;
    }
  }

  closed(): void {
    for (const topic of this.#subscriptions.keys()) this.#unsubscribe(topic);
  }

  async #subscribe(topics: readonly string[]): Promise<void> {
    const added = [...new Set(topics)].filter((topic) => !this.#subscriptions.has(topic));
    // All of them end before the frame does, also when one fails: none may enter a room after `closed`.
    const entered = await Promise.allSettled(added.map((topic) => this.#enter(topic)));
    for (const result of entered) if (result.status === "rejected") throw result.reason;
  }

  async #enter(topic: string): Promise<void> {
    const refusal = checkRoomName(topic, this.#options.limits.nameBytes) ?? (await this.#authorize(topic));
    if (refusal !== undefined) return this.#refuse(refusal);
    const lease = await this.#options.rooms.acquire(topic);
    const full = this.#join(topic, lease);
    if (full === undefined) return;
    lease.release();
    this.#refuse(full);
  }

  /** Why the client may not enter, or undefined if it may. */
  async #authorize(topic: string): Promise<string | undefined> {
    const decision = await this.#options.authorizer.authorize({
      kind: "signaling",
      room: topic,
      remoteAddress: this.#connection.remoteAddress,
      signal: this.#handshake.signal,
    });
    return decision.granted ? undefined : decision.reason;
  }

  /** Which limit keeps the client out, or undefined if it is in. */
  #join(topic: string, lease: Lease<SignalingRoom>): string | undefined {
    if (this.#subscriptions.size >= this.#options.limits.topicsPerConnection)
      return "the connection has too many topics";
    if (!lease.room.join(this.#connection)) return "the room is full";
    this.#subscriptions.set(topic, lease);
    return undefined;
  }

  #refuse(reason: string): void {
    this.#options.log.debug({ event: "topic-refused", connection: this.#connection.id, reason });
  }

  #unsubscribe(topic: string): void {
    const lease = this.#subscriptions.get(topic);
    if (lease === undefined) return;
    this.#subscriptions.delete(topic);
    lease.room.leave(this.#connection);
    lease.release();
  }

  #publish({ topic, published }: Extract<ClientMessage, { type: "publish" }>): void {
    const room = this.#subscriptions.get(topic)?.room;
    room?.publish(encodePublished(published, room.size), this.#connection);
  }
}
