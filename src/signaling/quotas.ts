import { abortableWait } from "../lib/abortable-wait.ts";
import { AddressCounts } from "../lib/address/address-counts.ts";
import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import { KeyedBuckets } from "../lib/keyed-buckets.ts";
import type { Clock } from "../lib/time/clock.ts";
import { Timeouts } from "../lib/time/timeouts.ts";
import { TokenBucket } from "../lib/token-bucket.ts";
import { LimitedLog } from "../ops/limited-log.ts";
import type { Log } from "../ops/log.ts";
import type { Metrics } from "../ops/metrics.ts";
import { type AccessRate, AccessRates } from "../rooms/access-rates.ts";
import type { AccessRateLimits } from "../rooms/limits.ts";
import { closeReasons } from "../transport/close-reason.ts";
import type { Connection } from "../transport/connection.ts";
import type { Handshake } from "../transport/protocol.ts";
import type { SignalingLimits } from "./limits.ts";
import { isAlive } from "./sign-of-life.ts";

/**
 * The options of the bounds that a signaling client can meet, by their names in the log.
 */
export const boundOptions = {
  "frame-bytes": "limits.signaling-frame-bytes",
  "json-depth": "limits.json-depth",
  name: "limits.name-bytes",
  "topics-per-frame": "limits.topics-per-frame",
  "topics-per-connection": "limits.topics-per-connection",
  "topics-per-address": "limits.topics-per-address",
  "room-members": "limits.signaling-room-members",
  rooms: "limits.empty-rooms",
  "publish-rate": "limits.publishes-per-second",
  "address-publish-rate": "limits.publish-address-share",
  "fan-out": "limits.fan-out-deliveries",
  "authorization-rate": "limits.authorizations-per-second",
  mailbox: "limits.mailbox-bytes",
} as const;

export type SignalingBound = keyof typeof boundOptions;

export interface QuotasOptions {
  readonly addresses: CountedAddresses;
  readonly limits: SignalingLimits & AccessRateLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A session that delivers the messages of its client to their receivers. */
export interface Deliverer<Message> {
  deliver(message: Message): void;
}

/** The rates and timeouts of one client. */
export interface Quota {
  /** Reports a frame of the client. */
  frameReceived(): void;
  /** The client is in one room more. */
  joinedRoom(): void;
  /** The client is in one room less. */
  leftRoom(): void;
  /** Whether the clients of its address may be in `count` topics or groups more. */
  mayEnter(count: number): boolean;
  /** The client is in `count` topics or groups more, or joins them. */
  entered(count: number): void;
  /** The client is in `count` topics or groups less, and joins none of them any more. */
  left(count: number): void;
  /**
   * Pays for one request for access, which the authorizer may have to decide: at once or after a wait. False when the
   * client has disconnected meanwhile.
   */
  requestAccess(): true | Promise<boolean>;
  /**
   * Pays for one message to that many receivers. True when the message may be sent, at once or after a wait; false when
   * the client has disconnected meanwhile, and the message is to be dropped.
   */
  spend(deliveries: number): boolean | Promise<boolean>;
  /**
   * Pays for one message as `spend` does, and has the session deliver it: at once, after a wait, or not at all when the
   * client has disconnected meanwhile. It takes an object instead of a function, so that a message that need not wait
   * costs no closure.
   */
  afterSpending<Message>(deliveries: number, session: Deliverer<Message>, message: Message): void | Promise<void>;
  /** Counts and logs that the client has met a bound. `detail` names it; by default it is the bound's option. */
  met(bound: SignalingBound, detail?: string): void;
  closed(): void;
}

const fanOutSeconds = 10;

/** The state that the quotas of all clients share. */
interface SharedQuotas extends QuotasOptions {
  readonly limitedLog: LimitedLog;
  readonly byAddress: KeyedBuckets;
  readonly accessRates: AccessRates;
  /** The topics and groups by the addresses of their clients. */
  readonly topics: AddressCounts;
  readonly firstFrame: Timeouts<ConnectionQuota>;
  readonly withoutRoom: Timeouts<Connection>;
}

/**
 * The rates and timeouts of all signaling clients.
 *
 * A client over its rate waits, and its later frames wait behind: none is dropped, since an ICE candidate is never sent
 * again. The clients of one address wait once each, in the order of their messages. An idle client costs no timer, and no
 * bucket before it has published.
 */
export class Quotas {
  readonly #shared: SharedQuotas;

  constructor(options: QuotasOptions) {
    const { addresses, clock, limits } = options;
    const { firstFrameMs, withoutRoomMs } = limits;
    this.#shared = {
      ...options,
      limitedLog: new LimitedLog(options.log, clock),
      byAddress: new KeyedBuckets({
        get burst() {
          return limits.publishAddressShare * limits.publishBurst;
        },
        get perSecond() {
          return limits.publishAddressShare * limits.publishesPerSecond;
        },
        clock,
      }),
      accessRates: new AccessRates(options),
      topics: new AddressCounts({
        addresses,
        get limit() {
          return limits.topicsPerAddress;
        },
      }),
      firstFrame: new Timeouts({ durationMs: firstFrameMs, clock, expired: (quota) => void quota.askForFrame() }),
      withoutRoom: new Timeouts({
        durationMs: withoutRoomMs,
        clock,
        expired: (connection) => {
          connection.close(closeReasons.timeout, `limits.without-room-ms: in no room for ${withoutRoomMs} ms`);
        },
      }),
    };
  }

  open(connection: Connection, handshake: Handshake): Quota {
    return new ConnectionQuota(connection, handshake, this.#shared);
  }
}

interface Buckets {
  readonly publishes: TokenBucket;
  readonly fanOut: TokenBucket;
  /** The key of the address's bucket; undefined for an address without limits. */
  readonly address: string | undefined;
}

class ConnectionQuota implements Quota {
  readonly #connection: Connection;
  readonly #handshake: Handshake;
  readonly #shared: SharedQuotas;
  #rooms = 0;
  #hasSentFrame = false;
  #buckets: Buckets | undefined;
  #accessRate: AccessRate | undefined;

  constructor(connection: Connection, handshake: Handshake, shared: SharedQuotas) {
    this.#connection = connection;
    this.#handshake = handshake;
    this.#shared = shared;
    shared.firstFrame.set(this);
    shared.withoutRoom.set(connection);
  }

  frameReceived(): void {
    if (this.#hasSentFrame) return;
    this.#hasSentFrame = true;
    this.#shared.firstFrame.clear(this);
  }

  /**
   * Closes a connection that has sent no frame in time, unless its client answers a ping. Some clients have nothing to
   * say until they are asked (Engine.IO), or their timers are slowed down (a tab in the background).
   */
  async askForFrame(): Promise<void> {
    const { clock, limits } = this.#shared;
    const answers = await isAlive(this.#connection, clock, limits.livenessProbeMs);
    if (answers || this.#hasSentFrame || !this.#connection.isOpen) return;
    const detail = `limits.first-frame-ms: no frame in ${limits.firstFrameMs} ms, and no answer to a ping`;
    this.#connection.close(closeReasons.timeout, detail);
  }

  joinedRoom(): void {
    this.#rooms += 1;
    if (this.#rooms === 1) this.#shared.withoutRoom.clear(this.#connection);
  }

  leftRoom(): void {
    this.#rooms -= 1;
    if (this.#rooms === 0 && this.#connection.isOpen) this.#shared.withoutRoom.set(this.#connection);
  }

  mayEnter(count: number): boolean {
    return this.#shared.topics.hasRoomFor(this.#connection.remoteAddress, count);
  }

  entered(count: number): void {
    this.#shared.topics.add(this.#connection.remoteAddress, count);
  }

  left(count: number): void {
    this.#shared.topics.remove(this.#connection.remoteAddress, count);
  }

  requestAccess(): true | Promise<boolean> {
    this.#accessRate ??= this.#shared.accessRates.of(this.#connection.remoteAddress);
    const taking = this.#accessRate.take(this.#handshake);
    if (taking !== true) this.met("authorization-rate");
    return taking;
  }

  spend(deliveries: number): boolean | Promise<boolean> {
    // A message for more receivers than the whole budget would otherwise wait for ever.
    const reached = Math.min(deliveries, this.#shared.limits.fanOutDeliveries);
    this.#buckets ??= this.#openBuckets();
    const { publishes, fanOut } = this.#buckets;
    const ofAddress = this.#ofAddress(this.#buckets);
    const now = this.#shared.clock.elapsedMs();
    const publishMs = publishes.reserve(1, now);
    const fanOutMs = fanOut.reserve(reached, now);
    const waitMs = Math.max(publishMs, fanOutMs, ofAddress?.reserve(1, now) ?? 0);
    if (waitMs === 0) return true;
    const own = fanOutMs > 0 ? "fan-out" : "address-publish-rate";
    this.met(publishMs > 0 ? "publish-rate" : own);
    return this.#wait(waitMs, this.#buckets, reached);
  }

  afterSpending<Message>(deliveries: number, session: Deliverer<Message>, message: Message): void | Promise<void> {
    const spent = this.spend(deliveries);
    if (spent === true) return session.deliver(message);
    if (spent !== false) return spent.then((mayGo) => (mayGo ? session.deliver(message) : undefined));
  }

  met(bound: SignalingBound, detail: string = boundOptions[bound]): void {
    const { limitedLog, metrics } = this.#shared;
    metrics.bounds.detailed(detail.startsWith("limits.") ? detail : boundOptions[bound]);
    limitedLog.info({ event: "signaling-bound", reason: bound, detail });
  }

  closed(): void {
    this.#shared.firstFrame.clear(this);
    this.#shared.withoutRoom.clear(this.#connection);
  }

  /** The bucket is shared with other connections of the address and may be evicted, so it is looked up for every use. */
  #ofAddress({ address }: Buckets): TokenBucket | undefined {
    return address === undefined ? undefined : this.#shared.byAddress.of(address);
  }

  #openBuckets(): Buckets {
    const { addresses, clock, limits } = this.#shared;
    const { publishBurst, publishesPerSecond, fanOutDeliveries } = limits;
    return {
      publishes: new TokenBucket({ burst: publishBurst, perSecond: publishesPerSecond, clock }),
      fanOut: new TokenBucket({ burst: fanOutDeliveries, perSecond: fanOutDeliveries / fanOutSeconds, clock }),
      address: addresses.keyOf(this.#connection.remoteAddress),
    };
  }

  async #wait(waitMs: number, buckets: Buckets, deliveries: number): Promise<boolean> {
    if (await abortableWait(this.#handshake.signal, (done) => this.#shared.clock.after(waitMs, done))) return true;
    buckets.publishes.giveBack();
    buckets.fanOut.giveBack(deliveries);
    this.#ofAddress(buckets)?.giveBack();
    return false;
  }
}
