import type { CountedAddresses } from "../../lib/address/counted-addresses.ts";
import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { TransportLimits } from "../limits.ts";

export type AddressRefusal = "address-connections" | "address-rate";

export interface AddressLimitsOptions {
  readonly addresses: CountedAddresses;
  readonly limits: TransportLimits;
  readonly clock: Clock;
}

/** Limits how many connections one address may have, and how fast it may open them, as `CountedAddresses` counts. */
export class AddressLimits {
  readonly #addresses: CountedAddresses;
  readonly #connectionLimit: number;
  readonly #upgrades: KeyedBuckets;
  readonly #connections = new Map<string, number>();

  constructor({ addresses, limits, clock }: AddressLimitsOptions) {
    this.#addresses = addresses;
    this.#connectionLimit = limits.connectionsPerAddress;
    const { addressUpgradeBurst: burst, addressUpgradesPerSecond: perSecond } = limits;
    this.#upgrades = new KeyedBuckets({ burst, perSecond, clock });
  }

  /** Returns why a client at this address may not connect now; undefined, and the attempt counts, if it may. */
  refuse(remoteAddress: string): AddressRefusal | undefined {
    const key = this.#addresses.keyOf(remoteAddress);
    if (key === undefined) return undefined;
    if (this.#isFull(key)) return "address-connections";
    return this.#upgrades.of(key).take() ? undefined : "address-rate";
  }

  /** Whether the address has as many open connections as it may have. */
  isFull(remoteAddress: string): boolean {
    const key = this.#addresses.keyOf(remoteAddress);
    return key !== undefined && this.#isFull(key);
  }

  opened(remoteAddress: string): void {
    const key = this.#addresses.keyOf(remoteAddress);
    if (key !== undefined) this.#connections.set(key, (this.#connections.get(key) ?? 0) + 1);
  }

  closed(remoteAddress: string): void {
    const key = this.#addresses.keyOf(remoteAddress);
    if (key === undefined) return;
    const left = (this.#connections.get(key) ?? 0) - 1;
    if (left > 0) this.#connections.set(key, left);
    else this.#connections.delete(key);
  }

  #isFull(key: string): boolean {
    return (this.#connections.get(key) ?? 0) >= this.#connectionLimit;
  }
}
