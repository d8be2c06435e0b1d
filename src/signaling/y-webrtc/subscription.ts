import type { Denial, Grant, GrantWatcher } from "../../auth/authorizer.ts";
import type { Lease } from "../../rooms/room-registry.ts";
import type { Subscriber, Topic } from "./topic.ts";

/** Whose subscription it is. */
export interface SubscriptionOwner {
  /** The client may not have the topic any longer. */
  lost(topic: string, denial: Denial): void;
}

export interface SubscriptionOptions {
  readonly topic: string;
  readonly lease: Lease<Topic>;
  readonly grant: Grant;
  readonly subscriber: Subscriber;
  readonly owner: SubscriptionOwner;
}

/** A topic for as long as the client has it. It is itself what its grant reports to: there are many. */
export class Subscription implements GrantWatcher {
  readonly subscriber: Subscriber;
  readonly #topic: string;
  readonly #lease: Lease<Topic>;
  readonly #grant: Grant;
  readonly #owner: SubscriptionOwner;

  constructor({ topic, lease, grant, subscriber, owner }: SubscriptionOptions) {
    this.subscriber = subscriber;
    this.#topic = topic;
    this.#lease = lease;
    this.#grant = grant;
    this.#owner = owner;
  }

  get room(): Topic {
    return this.#lease.room;
  }

  /** From now on it ends with its grant; at once if that has ended already. */
  watch(): void {
    this.#grant.watch(this);
  }

  ended(denial: Denial): void {
    this.#owner.lost(this.#topic, denial);
  }

  release(): void {
    this.room.leave(this.subscriber);
    this.#lease.release();
    this.#grant.release();
  }
}
