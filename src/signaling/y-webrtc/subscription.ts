import type { Denial, GrantWatcher } from "../../auth/authorizer.ts";
import type { RoomPass } from "../../rooms/room-pass.ts";
import type { Subscriber, Topic } from "./topic.ts";

/** Whose subscription it is. */
export interface SubscriptionOwner {
  /** The client may not have the topic any longer. */
  lost(topic: string, denial: Denial): void;
}

export interface SubscriptionOptions {
  readonly topic: string;
  readonly pass: RoomPass<Topic>;
  readonly subscriber: Subscriber;
  readonly owner: SubscriptionOwner;
}

/** A topic for as long as the client has it. It is itself what its grant reports to: there are many. */
export class Subscription implements GrantWatcher {
  readonly subscriber: Subscriber;
  readonly #topic: string;
  readonly #pass: RoomPass<Topic>;
  readonly #owner: SubscriptionOwner;

  constructor({ topic, pass, subscriber, owner }: SubscriptionOptions) {
    this.subscriber = subscriber;
    this.#topic = topic;
    this.#pass = pass;
    this.#owner = owner;
  }

  get room(): Topic {
    return this.#pass.room;
  }

  /** From now on it ends with its grant; at once if that has ended already. */
  watch(): void {
    this.#pass.watch(this);
  }

  ended(denial: Denial): void {
    this.#owner.lost(this.#topic, denial);
  }

  release(): void {
    this.room.leave(this.subscriber);
    this.#pass.release();
  }
}
