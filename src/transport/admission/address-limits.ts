import { AddressCounts } from "../../lib/address/address-counts.ts";
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
  readonly #upgrades: KeyedBuckets;
  readonly #connections: AddressCounts;

  constructor({ addresses, limits, clock }: AddressLimitsOptions) {
    this.#addresses = addresses;
    this.#connections = new AddressCounts({
      addresses,
      get limit() {
        return limits.connectionsPerAddress;
      },
    });
    this.#upgrades = new KeyedBuckets({
      get burst() {
        return limits.addressUpgradeBurst;
      },
      get perSecond() {
        return limits.addressUpgradesPerSecond;
      },
      clock,
    });
  }

  /** Returns why a client at this address may not connect now; undefined, and the attempt counts, if it may. */
  refuse(remoteAddress: string): AddressRefusal | undefined {
    const key = this.#addresses.keyOf(remoteAddress);
    if (key === undefined) return undefined;
    if (this.isFull(remoteAddress)) return "address-connections";
    return this.#upgrades.of(key).take() ? undefined : "address-rate";
  }

  /** Whether the address has as many open connections as it may have. */
  isFull(remoteAddress: string): boolean {
    return !this.#connections.hasRoomFor(remoteAddress);
  }

  opened(remoteAddress: string): void {
    this.#connections.add(remoteAddress);
  }

  closed(remoteAddress: string): void {
    this.#connections.remove(remoteAddress);
  }
}
