import { TokenBucket } from "../../lib/token-bucket.ts";
import { AddressLimits, type AddressLimitsOptions, type AddressRefusal } from "./address-limits.ts";

export type UpgradeRefusal = AddressRefusal | "connections" | "rate";

/** Limits how many sockets may be open and how fast they may be opened, from all addresses together and from each. */
export class UpgradeLimits {
  readonly #limits: AddressLimitsOptions["limits"];
  readonly #upgrades: TokenBucket;
  readonly #addresses: AddressLimits;
  #connections = 0;

  constructor(options: AddressLimitsOptions) {
    const { clock, limits } = options;
    this.#limits = limits;
    this.#upgrades = new TokenBucket({
      get burst() {
        return limits.upgradeBurst;
      },
      get perSecond() {
        return limits.upgradesPerSecond;
      },
      clock,
    });
    this.#addresses = new AddressLimits(options);
  }

  /**
   * Returns why the address may open no socket now; undefined, and the attempt counts, if it may.
   *
   * A refused attempt costs nothing: a flood from one address uses up none of the common allowance, and a flood from
   * other addresses uses up none of an address's own.
   */
  refuse(remoteAddress: string): UpgradeRefusal | undefined {
    const full = this.full(remoteAddress);
    if (full !== undefined) return full;
    // Refused clients wait by their own backoff; connected clients are served meanwhile.
    if (this.#upgrades.waitMs() > 0) return "rate";
    const refusal = this.#addresses.refuse(remoteAddress);
    if (refusal === undefined) this.#upgrades.take();
    return refusal;
  }

  /** As `refuse`, for a client that has waited since `refuse` let it pass: costs nothing, counts open sockets only. */
  full(remoteAddress: string): UpgradeRefusal | undefined {
    if (this.#connections >= this.#limits.connections) return "connections";
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
