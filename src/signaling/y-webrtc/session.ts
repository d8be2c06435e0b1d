import type { Authorizer } from "../../auth/authorizer.ts";
import type { Limits } from "../../config/limits.ts";
import type { Log } from "../../ops/log.ts";
import type { SignalingBound } from "../../ops/metrics.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import type { Lease, RoomRegistry } from "../../rooms/room-registry.ts";
import type { DialectSession, SignalingClient } from "../dialects.ts";
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

type Publish = Extract<ClientMessage, { type: "publish" }>;

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
  readonly #client: SignalingClient;
  readonly #options: YWebrtcOptions;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(client: SignalingClient, options: YWebrtcOptions) {
    this.#client = client;
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
        return this.#client.connection.send(pong);
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
    const fault = checkRoomName(topic, this.#options.limits.nameBytes);
    if (fault !== undefined) return this.#refuse(fault, "name");
    const denial = await this.#authorize(topic);
    if (denial !== undefined) return this.#refuse(denial);
    const lease = await this.#options.rooms.acquire(topic);
    const bound = this.#join(topic, lease);
    if (bound === undefined) return;
    lease.release();
    this.#refuse(bound === "room-members" ? "the room is full" : "the connection has too many topics", bound);
  }

  /** Why the client may not enter, or undefined if it may. */
  async #authorize(topic: string): Promise<string | undefined> {
    const { connection, handshake } = this.#client;
    const decision = await this.#options.authorizer.authorize({
      kind: "signaling",
      room: topic,
      remoteAddress: connection.remoteAddress,
      // Made only for an authorizer that asks for it.
      get signal() {
        return handshake.signal;
      },
    });
    return decision.granted ? undefined : decision.reason;
  }

  /** Which bound keeps the client out, or undefined if it is in. */
  #join(topic: string, lease: Lease<Topic>): "room-members" | "topics-per-connection" | undefined {
    if (this.#subscriptions.size >= this.#options.limits.topicsPerConnection) return "topics-per-connection";
    const subscriber = new Subscriber(this.#client.connection);
    if (!lease.room.enter(subscriber)) return "room-members";
    this.#subscriptions.set(topic, { lease, subscriber });
    this.#client.quota.entered();
    return undefined;
  }

  #refuse(reason: string, bound?: SignalingBound): void {
    const { connection, quota } = this.#client;
    if (bound !== undefined) quota.met(bound);
    this.#options.log.debug({ event: "topic-refused", connection: connection.id, reason });
  }

  #unsubscribe(topic: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) return;
    const { lease, subscriber } = subscription;
    this.#subscriptions.delete(topic);
    lease.room.leave(subscriber);
    lease.release();
    this.#client.quota.left();
  }

  #publish(message: Publish, received: JsonMessage): void | Promise<void> {
    const subscription = this.#subscriptions.get(message.topic);
    if (subscription === undefined) return;
    const { lease, subscriber } = subscription;
    const { from, to } = message;
    if (from !== undefined && from.length <= this.#options.limits.nameBytes) lease.room.heard(subscriber, from);
    const isAddressed = to !== undefined && lease.room.userOf(to) !== undefined;
    const spent = this.#client.quota.spend(isAddressed ? 1 : lease.room.size - 1);
    if (spent === true) return deliver(subscription, received, to);
    if (spent instanceof Promise)
      return spent.then((mayGo) => (mayGo ? deliver(subscription, received, to) : undefined));
  }
}

/** As to everybody, nothing comes back to who says it. */
function deliver({ lease: { room }, subscriber }: Subscription, received: JsonMessage, to: string | undefined): void {
  const receiver = to === undefined ? undefined : room.userOf(to);
  const frame = encodePublished(received, room.size);
  if (receiver === undefined) room.publish(frame, subscriber);
  else if (receiver !== subscriber) receiver.connection.send(frame);
}
