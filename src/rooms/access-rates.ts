import { abortableWait } from "../lib/abortable-wait.ts";
import type { CountedAddresses } from "../lib/address/counted-addresses.ts";
import { KeyedBuckets } from "../lib/keyed-buckets.ts";
import type { Clock } from "../lib/time/clock.ts";
import type { Waiter } from "../lib/time/take-or-wait.ts";
import { TokenBucket } from "../lib/token-bucket.ts";
import type { AccessRateLimits } from "./limits.ts";

export interface AccessRatesOptions {
  readonly addresses: CountedAddresses;
  readonly limits: AccessRateLimits;
  readonly clock: Clock;
}

/** Limits the rate of requests for access: that of each connection, and that of all connections of one address. */
export class AccessRates {
  readonly #options: AccessRatesOptions;
  readonly #byAddress: KeyedBuckets;

  constructor(options: AccessRatesOptions) {
    const { clock, limits } = options;
    this.#options = options;
    this.#byAddress = new KeyedBuckets({
      get burst() {
        return limits.authorizationAddressShare * limits.authorizationBurst;
      },
      get perSecond() {
        return limits.authorizationAddressShare * limits.authorizationsPerSecond;
      },
      clock,
    });
  }

  /** Returns the rate of one connection at this address. */
  of(remoteAddress: string): AccessRate {
    const key = this.#options.addresses.keyOf(remoteAddress);
    return new AccessRate(key === undefined ? undefined : () => this.#byAddress.of(key), this.#options);
  }
}

/** The rate of the requests for access of one connection. */
export class AccessRate {
  readonly #ofAddress: (() => TokenBucket) | undefined;
  readonly #own: TokenBucket;
  readonly #clock: Clock;

  /** `ofAddress` looks up the bucket of the address for every use. */
  constructor(ofAddress: (() => TokenBucket) | undefined, { clock, limits }: Omit<AccessRatesOptions, "addresses">) {
    this.#ofAddress = ofAddress;
    this.#clock = clock;
    this.#own = new TokenBucket({
      burst: limits.authorizationBurst,
      perSecond: limits.authorizationsPerSecond,
      clock,
    });
  }

  /** Pays for one request, at once or after a wait in the order of the requests; false if the client is gone by then. */
  take(waiter: Waiter): true | Promise<boolean> {
    const waitMs = Math.max(this.#own.reserve(), this.#ofAddress?.().reserve() ?? 0);
    return waitMs === 0 || this.#wait(waiter, waitMs);
  }

  async #wait({ signal }: Waiter, waitMs: number): Promise<boolean> {
    if (await abortableWait(signal, (done) => this.#clock.after(waitMs, done))) return true;
    this.#own.giveBack();
    this.#ofAddress?.().giveBack();
    return false;
  }
}
