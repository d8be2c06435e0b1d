import type { Denial, GrantWatcher } from "../../auth/authorizer.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import type { Deliverer } from "../quotas.ts";
import { encodePublished, type Publish } from "./codec.ts";
import { Subscriber, type Topic } from "./topic.ts";

/** The session that a subscription belongs to. */
export interface SubscriptionOwner {
  /** The client's permission for the topic has ended. */
  lost(topic: string, denial: Denial): void;
}

export interface SubscriptionOptions {
  readonly topic: string;
  readonly pass: RoomPass<Topic>;
  readonly subscriber: Subscriber;
  readonly owner: SubscriptionOwner;
}

/** A client's subscription to one topic. It watches its grant by itself, since a closure for each would cost memory. */
export class Subscription implements GrantWatcher, Deliverer<Publish> {
  readonly subscriber: Subscriber;
  readonly #topic: string;
  readonly #pass: RoomPass<Topic>;
  readonly #owner: SubscriptionOwner;
  #isReleased = false;

  constructor({ topic, pass, subscriber, owner }: SubscriptionOptions) {
    this.subscriber = subscriber;
    this.#topic = topic;
    this.#pass = pass;
    this.#owner = owner;
  }

  get room(): Topic {
    return this.#pass.room;
  }

  /** Ends the subscription when its grant ends; at once if it has ended already. */
  watch(): void {
    this.#pass.watch(this);
  }

  ended(denial: Denial): void {
    this.#owner.lost(this.#topic, denial);
  }

  /** Sends a message to its receiver or to the whole topic, never back to its sender; nothing once it is released. */
  deliver({ from, to, isAnnouncement, received }: Publish): void {
    if (this.#isReleased) return;
    const { room, subscriber } = this;
    const receiver = to === undefined ? undefined : room.userOf(to);
    const frame = encodePublished(received, room.size);
    if (receiver instanceof Subscriber) room.send(receiver, frame, subscriber);
    else {
      if (receiver === undefined && isAnnouncement) room.announce(frame, subscriber);
      else if (receiver === undefined) room.publish(frame, subscriber);
      if (room.isShared) room.forward({ from, to, frame, isAnnouncement }, subscriber, receiver);
      // The watcher knows the connections of this node only.
      if (receiver !== undefined) return;
    }
    if (receiver !== subscriber) room.watcher?.(subscriber.connection, receiver?.connection);
  }

  release(): void {
    this.#isReleased = true;
    this.room.leave(this.subscriber);
    this.#pass.release();
  }
}
