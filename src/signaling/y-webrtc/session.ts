import type { Authorizer } from "../../auth/authorizer.ts";
import type { Limits } from "../../config/limits.ts";
import type { Log } from "../../ops/log.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import type { Lease, RoomRegistry } from "../../rooms/room-registry.ts";
import type { Connection } from "../../transport/connection.ts";
import type { Handshake } from "../../transport/protocol.ts";
import type { DialectSession } from "../dialects.ts";
import type { JsonMessage } from "../json-codec.ts";
import { type ClientMessage, decode, encodePublished, pong } from "./codec.ts";
import { Subscriber, type Topic } from "./topic.ts";

/** What all y-webrtc sessions of a server share. */
export interface YWebrtcOptions {
  readonly rooms: RoomRegistry<Topic>;
  readonly authorizer: Authorizer;
  readonly limits: Limits;
  readonly log: Log;
}

/** A topic for as long as the client has it. */
interface Subscription {
  readonly lease: Lease<Topic>;
  readonly subscriber: Subscriber;
}

/**
 * The topics of one y-webrtc client.
 *
 * A refused topic is ignored, because the client has no words for a refusal; the log says why, without the topic's name,
 * which is a secret.
 */
export class YWebrtcSession implements DialectSession {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  readonly #options: YWebrtcOptions;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(connection: Connection, handshake: Handshake, options: YWebrtcOptions) {
    this.#connection = connection;
    this.#handshake = handshake;
    this.#options = options;
  }

  receive(received: JsonMessage): void | Promise<void> {
    const message = decode(received, this.#options.limits.topicsPerFrame);
    switch (message.type) {
      case "subscribe":
        return this.#subscribe(message.topics);
      case "unsubscribe":
        for (const topic of message.topics) this.#unsubscribe(topic);
        return;
      case "publish":
        return this.#publish(message, received);
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
  #join(topic: string, lease: Lease<Topic>): string | undefined {
    if (this.#subscriptions.size >= this.#options.limits.topicsPerConnection)
      return "the connection has too many topics";
    const subscriber = new Subscriber(this.#connection);
    if (!lease.room.enter(subscriber)) return "the room is full";
    this.#subscriptions.set(topic, { lease, subscriber });
    return undefined;
  }

  #refuse(reason: string): void {
    this.#options.log.debug({ event: "topic-refused", connection: this.#connection.id, reason });
  }

  #unsubscribe(topic: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) return;
    const { lease, subscriber } = subscription;
    this.#subscriptions.delete(topic);
    lease.room.leave(subscriber);
    lease.release();
  }

  #publish({ topic, from, to }: Extract<ClientMessage, { type: "publish" }>, received: JsonMessage): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) return;
    const { lease, subscriber } = subscription;
    const { room } = lease;
    if (from !== undefined && from.length <= this.#options.limits.nameBytes) room.heard(subscriber, from);
    const receiver = to === undefined ? undefined : room.userOf(to);
    const frame = encodePublished(received, room.size);
    if (receiver === undefined) room.publish(frame, subscriber);
    // As to everybody, nothing comes back to who says it.
    else if (receiver !== subscriber) receiver.connection.send(frame);
  }
}
