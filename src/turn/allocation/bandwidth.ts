import type { Clock } from "../../lib/time/clock.ts";
import { TokenBucket, type TokenBucketOptions } from "../../lib/token-bucket.ts";
import type { TurnLimits } from "../limits.ts";
import type { Allocation } from "./allocation.ts";

type BandwidthLimits = Pick<
  TurnLimits,
  "turnAllocationBytesPerSecond" | "turnUserBytesPerSecond" | "turnBytesPerSecond"
>;

/** The option of the bound that a packet exceeds. */
export type BandwidthBound =
  | "limits.turn-allocation-bytes-per-second"
  | "limits.turn-user-bytes-per-second"
  | "limits.turn-bytes-per-second";

/**
 * The bytes that are relayed per second, both directions together: of one allocation, of one user, of all. A packet beyond
 * a bound is dropped and never queued, as by a slow link, so that the transport above slows down.
 */
export class Bandwidth {
  readonly #ofAllocation: TokenBucketOptions;
  readonly #ofUser: TokenBucketOptions;
  readonly #all: TokenBucket;

  constructor(limits: BandwidthLimits, clock: Clock) {
    this.#ofAllocation = oneSecond(clock, () => limits.turnAllocationBytesPerSecond);
    this.#ofUser = oneSecond(clock, () => limits.turnUserBytesPerSecond);
    this.#all = new TokenBucket(oneSecond(clock, () => limits.turnBytesPerSecond));
  }

  openAllocation(): TokenBucket {
    return new TokenBucket(this.#ofAllocation);
  }

  openUser(): TokenBucket {
    return new TokenBucket(this.#ofUser);
  }

  /** Takes the bytes of a packet, or returns the bound that it exceeds. `now` is a time of `Clock.elapsedMs`. */
  take(allocation: Allocation, bytes: number, now: number): BandwidthBound | undefined {
    const { user } = allocation;
    if (!allocation.bytes.take(bytes, now)) return "limits.turn-allocation-bytes-per-second";
    if (user.bytes.take(bytes, now)) {
      if (this.#all.take(bytes, now)) return undefined;
      user.bytes.giveBack(bytes);
      allocation.bytes.giveBack(bytes);
      return "limits.turn-bytes-per-second";
    }
    allocation.bytes.giveBack(bytes);
    return "limits.turn-user-bytes-per-second";
  }
}

/** A bucket that holds the bytes of one second. It reads its rate each time, since a reload may change the limits. */
function oneSecond(clock: Clock, bytesPerSecond: () => number): TokenBucketOptions {
  return {
    get burst() {
      return bytesPerSecond();
    },
    get perSecond() {
      return bytesPerSecond();
    },
    clock,
  };
}
