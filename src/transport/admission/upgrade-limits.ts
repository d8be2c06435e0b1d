import type { Clock } from "../../lib/time/clock.ts";
import { TokenBucket } from "../../lib/token-bucket.ts";
import type { TransportLimits } from "../limits.ts";
import { AddressLimits, type AddressRefusal } from "./address-limits.ts";

export type UpgradeRefusal = AddressRefusal | "connections" | "crowd";

/** How many sockets may be open, and how fast they may be opened: from all addresses together, and from each. */
export class UpgradeLimits {
  readonly #connectionLimit: number;
  readonly #upgrades: TokenBucket;
  readonly #addresses: AddressLimits;
  #connections = 0;

  constructor(options: { readonly limits: TransportLimits; readonly clock: Clock }) {
    const { connections, upgradeBurst: burst, upgradesPerSecond: perSecond } = options.limits;
    this.#connectionLimit = connections;
    this.#upgrades = new TokenBucket({ burst, perSecond, clock: options.clock });
    this.#addresses = new AddressLimits(options);
  }

  /**
   * Why no further socket may be opened from there now; undefined, and the attempt counts, if it may.
   *
   * Who is refused pays nothing: a flood from one address takes nothing of what all have together, and a crowd of others
   * takes nothing of what an address has for itself.
   */
  refuse(remoteAddress: string): UpgradeRefusal | undefined {
    const full = this.full(remoteAddress);
    if (full !== undefined) return full;
    // Those who are turned away wait by their own backoff; those who are in are served meanwhile.
    if (this.#upgrades.waitMs() > 0) return "crowd";
    const refusal = this.#addresses.refuse(remoteAddress);
    if (refusal === undefined) this.#upgrades.take();
    return refusal;
  }

  /** Likewise, for who has waited since it was told that it may: pays nothing, and looks at what is open alone. */
  full(remoteAddress: string): UpgradeRefusal | undefined {
    if (this.#connections >= this.#connectionLimit) return "connections";
    return this.#addresses.isFull(remoteAddress) ? "address-connections" : undefined;
  }

  opened(remoteAddress: string): void {
    this.#connections += 1;
    this.#addresses.opened(remoteAddress);
  }

  closed(remoteAddress: string): void {
    this.#connections -= 1;
    this.#addresses.closed(remoteAddress);
  }
}
