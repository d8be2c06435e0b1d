import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { ByteBudget } from "../../lib/byte-budget.ts";
import { KeyedCounts } from "../../lib/collections/keyed-counts.ts";
import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { ApiAccess } from "../api-access.ts";
import type { ApiLimits } from "../limits.ts";
import { Problem } from "../problems.ts";
import { takeToken } from "../refusals/take-token.ts";

export interface RequestGateOptions {
  readonly access: Pick<ApiAccess, "keyOf">;
  readonly addresses: CountedAddresses;
  readonly limits: ApiLimits;
  readonly clock: Clock;
  /** Whether the server refuses requests because it is stopping. */
  readonly isStopping: () => boolean;
}

/** The bounds that hold for all requests together. */
export class RequestGate {
  readonly #bodies: ByteBudget;
  /** The bytes of bodies by their senders. */
  readonly #bodiesOf = new KeyedCounts();
  readonly #options: RequestGateOptions;
  readonly #byKey: KeyedBuckets;
  readonly #byAddress: KeyedBuckets;

  constructor(options: RequestGateOptions) {
    const { clock, limits } = options;
    this.#options = options;
    this.#bodies = new ByteBudget(limits.apiBodiesBytes);
    this.#byKey = new KeyedBuckets({
      get burst() {
        return limits.apiKeyBurst;
      },
      get perSecond() {
        return limits.apiKeyRequestsPerSecond;
      },
      clock,
    });
    this.#byAddress = new KeyedBuckets({
      get burst() {
        return limits.apiBurst;
      },
      get perSecond() {
        return limits.apiRequestsPerSecond;
      },
      clock,
    });
  }

  /** Throws `Problem` when the server stops, and for a request beyond the rate of its key or address. */
  pass(request: Request, remoteAddress: string): void {
    if (this.#options.isStopping())
      throw new Problem("stopping", "The server stops. Try again later.", { headers: { "retry-after": "5" } });
    const key = this.#options.access.keyOf(request);
    if (key !== undefined) takeToken(this.#byKey.of(key.id), "limits.api-key-requests-per-second");
    const address = key === undefined ? this.#options.addresses.keyOf(remoteAddress) : undefined;
    if (address !== undefined) takeToken(this.#byAddress.of(address), "limits.api-requests-per-second");
  }

  /**
   * Takes memory for bytes of a body, to be returned with `give`. `counted` is the key of the sender. Throws `Problem`:
   * rate-limited beyond the bound of the sender, overloaded beyond the total bound.
   */
  take(bytes: number, counted: string | undefined): void {
    const share = this.#options.limits.apiBodiesBytesPerCaller;
    if (counted !== undefined && this.#bodiesOf.of(counted) + bytes > share)
      throw new Problem("rate-limited", "The bodies of your concurrent requests are too large together.", {
        headers: { "retry-after": "5" },
        bound: "limits.api-bodies-bytes-per-caller",
      });
    if (!this.#bodies.take(bytes))
      throw new Problem("overloaded", "The bodies of all concurrent requests are too large together.", {
        headers: { "retry-after": "5" },
        bound: "limits.api-bodies-bytes",
      });
    if (counted !== undefined) this.#bodiesOf.add(counted, bytes);
  }

  give(bytes: number, counted: string | undefined): void {
    this.#bodies.give(bytes);
    if (counted !== undefined) this.#bodiesOf.add(counted, -bytes);
  }
}
