import type { AccessRequest, Authorizer, Denial, Grant } from "../../auth/authorizer.ts";
import { type Backoff, backoffMs } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { LimitedLog } from "../../ops/limited-log.ts";
import type { Log } from "../../ops/log.ts";
import { accessRequest } from "../../rooms/access-request.ts";
import { closeReasonOf, isTemporary } from "../../rooms/denial.ts";
import type { RoomLimits } from "../../rooms/limits.ts";
import { checkRoomName } from "../../rooms/room-name.ts";
import { openRoom, type RoomPass } from "../../rooms/room-pass.ts";
import type { RoomRegistry } from "../../rooms/room-registry.ts";
import { closeReasons } from "../../transport/close-reason.ts";
import type { DialectSession, SignalingClient } from "../dialects.ts";
import type { JsonMessage } from "../json-codec.ts";
import type { SignalingLimits } from "../limits.ts";
import type { SignalingBound } from "../quotas.ts";
import { decode, type Publish, pong } from "./codec.ts";
import type { YWebrtcLimits } from "./limits.ts";
import { Subscription, type SubscriptionOwner } from "./subscription.ts";
import { Subscriber, type Topic } from "./topic.ts";
import { TopicQueues } from "./topic-queues.ts";

/** The parts that all y-webrtc sessions of a server share. */
export interface YWebrtcOptions {
  readonly rooms: RoomRegistry<Topic>;
  readonly authorizer: Authorizer;
  readonly limits: YWebrtcLimits & SignalingLimits & RoomLimits;
  readonly clock: Clock;
  readonly log: Log;
  /** Takes the lines that clients can cause. */
  readonly limitedLog: LimitedLog;
}

/** The time between two attempts while authorization is unavailable. */
const authorizationBackoff: Backoff = { firstMs: 1_000, maxMs: 30_000 };

const unavailable: Denial = {
  granted: false,
  kind: "unavailable",
  code: "unavailable",
  reason: "authorization is unavailable",
};

/**
 * The topics of one y-webrtc client.
 *
 * A refused topic is ignored, because the protocol has no message for a refusal; the log has the reason, without the
 * topic's name, which is a secret. A topic that is lost for a reason that may pass closes the connection: the client
 * reconnects and subscribes again, which it would not do otherwise. While a topic is being joined, only messages for that
 * topic wait.
 */
export class YWebrtcSession implements DialectSession, SubscriptionOwner {
  readonly #client: SignalingClient;
  readonly #options: YWebrtcOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Undefined while no topic has a queue. */
  #queues: TopicQueues | undefined;
  /** The number of topics that are being joined. */
  #joining = 0;
  #isClosed = false;
  #hasLoggedCrash = false;

  constructor(client: SignalingClient, options: YWebrtcOptions) {
    this.#client = client;
    this.#options = options;
  }

  receive(received: JsonMessage): void | Promise<void> {
    const message = decode(received, this.#options.limits.topicsPerFrame);
    switch (message.type) {
      case "subscribe":
        for (const topic of message.topics) this.#subscribe(topic);
        return this.#queues?.released;
      case "unsubscribe":
        for (const topic of message.topics) this.#unsubscribe(topic);
        return this.#queues?.released;
      case "publish":
        return this.#publish(message);
      case "ping":
        return this.#client.connection.send(pong);
      case "unknown":
        return this.#client.ignored();
    }
  }

  closed(): void {
    this.#isClosed = true;
    this.#queues?.close();
    for (const topic of this.#subscriptions.keys()) this.#leave(topic);
  }

  lost(topic: string, denial: Denial): void {
    this.#refuse(denial.reason);
    this.#leave(topic);
    if (isTemporary(denial)) this.#client.connection.close(closeReasonOf(denial));
  }

  #subscribe(topic: string): void {
    const queue = this.#queues?.find(topic);
    if (queue?.isUnsubscribing) queue.push(0, () => this.#startJoin(topic));
    if (queue !== undefined) return;
    const joining = this.#startJoin(topic);
    if (joining === undefined) return;
    this.#queues ??= this.#openQueues();
    this.#queues.open(topic, joining);
  }

  #unsubscribe(topic: string): void {
    const queue = this.#queues?.find(topic);
    if (queue === undefined) this.#leave(topic);
    else queue.pushUnsubscribe(() => this.#leave(topic));
  }

  #publish(message: Publish): void | Promise<void> {
    const queue = this.#queues?.find(message.topic);
    if (queue === undefined) return this.#forward(message);
    queue.push(message.received.text.length, () => this.#forward(message));
    return this.#queues?.released;
  }

  #openQueues(): TopicQueues {
    return new TopicQueues({
      limitBytes: this.#options.limits.pendingTopicBytes,
      failed: (error) => this.#failed(error),
      emptied: () => {
        this.#queues = undefined;
      },
    });
  }

  /** Starts to join a topic; undefined when the client has joined it already, or may not join it. */
  #startJoin(topic: string): Promise<void> | undefined {
    if (this.#subscriptions.has(topic)) return;
    const { nameBytes, topicsPerConnection } = this.#options.limits;
    const fault = checkRoomName(topic, nameBytes);
    if (fault !== undefined) return this.#refuse(fault, "name");
    if (this.#subscriptions.size + this.#joining >= topicsPerConnection)
      return this.#refuse("the connection has too many topics", "topics-per-connection");
    if (this.#client.quota.mayEnter(1)) return this.#authorizeAndJoin(topic);
    return this.#refuse("the address has too many topics", "topics-per-address");
  }

  async #authorizeAndJoin(topic: string): Promise<void> {
    const { quota } = this.#client;
    this.#joining += 1;
    quota.entered(1);
    let hasJoined = false;
    try {
      const pass = await this.#passFor(topic);
      hasJoined = pass !== undefined && this.#join(topic, pass);
    } finally {
      this.#joining -= 1;
      if (!hasJoined) quota.left(1);
    }
  }

  async #passFor(topic: string): Promise<RoomPass<Topic> | undefined> {
    const turn = this.#client.quota.requestAccess();
    if (turn !== true && !(await turn)) return undefined;
    const request = accessRequest("signaling", topic, this.#client);
    const decision = await this.#authorize(request);
    const grant = decision.granted ? decision : await this.#retry(decision, request);
    if (grant === undefined) return undefined;
    const pass = await openRoom(this.#options.rooms, topic, grant);
    if (pass.granted) return pass;
    this.lost(topic, pass);
    return undefined;
  }

  /** An authorizer that fails is not the client's fault: the answer is `unavailable`, and the client's join is retried. */
  async #authorize(request: AccessRequest): Promise<Grant | Denial> {
    try {
      return await this.#options.authorizer.authorize(request);
    } catch (error) {
      if (!this.#hasLoggedCrash && this.#client.connection.isOpen) {
        this.#hasLoggedCrash = true;
        this.#options.limitedLog.error({ event: "authorizer-crashed", protocol: "y-webrtc", err: error });
      }
      return unavailable;
    }
  }

  /** Retries on behalf of the client, which never subscribes again by itself, as long as it wants the topic. */
  async #retry(denial: Denial, request: AccessRequest): Promise<Grant | undefined> {
    if (this.#isClosed || !this.#client.connection.isOpen) return undefined;
    this.#refuse(denial.reason);
    if (!isTemporary(denial)) return undefined;
    // The client counts as being in a room: that it is in none is not its fault.
    this.#client.quota.joinedRoom();
    try {
      return await this.#authorizeAgain(request);
    } finally {
      if (!this.#isClosed) this.#client.quota.leftRoom();
    }
  }

  async #authorizeAgain(request: AccessRequest): Promise<Grant | undefined> {
    const { clock } = this.#options;
    const queue = this.#queues?.find(request.room);
    for (let failures = 1; ; failures += 1) {
      const durationMs = backoffMs(failures, authorizationBackoff);
      const isWanted = await queue?.pause({ durationMs, clock, signal: request.signal });
      const decision = isWanted ? await this.#authorize(request) : undefined;
      if (decision === undefined || decision.granted) return decision;
      this.#refuse(decision.reason);
      if (!isTemporary(decision)) return undefined;
    }
  }

  /** Returns false when the topic is full, or the client has disconnected. */
  #join(topic: string, pass: RoomPass<Topic>): boolean {
    const subscriber = new Subscriber(this.#client.connection, pass.user);
    const subscription = new Subscription({ topic, pass, subscriber, owner: this });
    if (this.#isClosed || !pass.room.join(subscriber)) {
      subscription.release();
      if (!this.#isClosed) this.#refuse("the room is full", "room-members");
      return false;
    }
    this.#subscriptions.set(topic, subscription);
    this.#client.quota.joinedRoom();
    subscription.watch();
    return true;
  }

  #leave(topic: string): void {
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) return;
    this.#subscriptions.delete(topic);
    subscription.release();
    this.#client.quota.leftRoom();
    this.#client.quota.left(1);
  }

  #refuse(reason: string, bound?: SignalingBound): undefined {
    const { connection, quota } = this.#client;
    if (bound !== undefined) quota.met(bound);
    this.#options.log.debug({ event: "topic-refused", connection: connection.id, reason });
  }

  #failed(error: unknown): void {
    const { connection } = this.#client;
    if (!connection.isOpen) return;
    this.#options.limitedLog.error({ event: "topic-crashed", protocol: "y-webrtc", err: error });
    this.#queues?.close();
    connection.refuse(closeReasons.internalError, "internal error");
  }

  #forward(message: Publish): void | Promise<void> {
    const { topic, from, to } = message;
    const subscription = this.#subscriptions.get(topic);
    if (subscription === undefined) return;
    const { room, subscriber } = subscription;
    if (from !== undefined && from.length <= this.#options.limits.nameBytes) room.recordPeerId(subscriber, from);
    const isAddressed = to !== undefined && room.userOf(to) !== undefined;
    return this.#client.quota.afterSpending(isAddressed ? 1 : room.size - 1, subscription, message);
  }
}
