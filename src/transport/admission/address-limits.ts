import { addressBlock } from "../../lib/address/address-block.ts";
import { isLoopback } from "../../lib/address/loopback.ts";
import { KeyedBuckets } from "../../lib/keyed-buckets.ts";
import type { Clock } from "../../lib/time/clock.ts";
import type { TransportLimits } from "../limits.ts";

export type AddressRefusal = "address-connections" | "address-rate";

/**
 * Limits how many connections one address may have, and how fast it may open them; a /64 counts as one address.
 *
 * Loopback addresses are exempt: a reverse proxy on this machine brings all clients.
 */
export class AddressLimits {
  readonly #connectionLimit: number;
  readonly #upgrades: KeyedBuckets;
  readonly #connections = new Map<string, number>();

  constructor({ limits, clock }: { readonly limits: TransportLimits; readonly clock: Clock }) {
    this.#connectionLimit = limits.connectionsPerAddress;
    const { addressUpgradeBurst: burst, addressUpgradesPerSecond: perSecond } = limits;
    this.#upgrades = new KeyedBuckets({ burst, perSecond, clock });
  }

  /** Returns why a client at this address may not connect now; undefined, and the attempt counts, if it may. */
  refuse(remoteAddress: string): AddressRefusal | undefined {
    if (isLoopback(remoteAddress)) return undefined;
    if (this.isFull(remoteAddress)) return "address-connections";
    return this.#upgrades.of(addressBlock(remoteAddress)).take() ? undefined : "address-rate";
  }

  /** Whether the address has as many open connections as it may have. */
  isFull(remoteAddress: string): boolean {
    if (isLoopback(remoteAddress)) return false;
    return (this.#connections.get(addressBlock(remoteAddress)) ?? 0) >= this.#connectionLimit;
  }

  opened(remoteAddress: string): void {
    if (isLoopback(remoteAddress)) return;
    const address = addressBlock(remoteAddress);
    this.#connections.set(address, (this.#connections.get(address) ?? 0) + 1);
  }

  closed(remoteAddress: string): void {
    if (isLoopback(remoteAddress)) return;
    const address = addressBlock(remoteAddress);
    const left = (this.#connections.get(address) ?? 0) - 1;
    if (left > 0) this.#connections.set(address, left);
    else this.#connections.delete(address);
  }
}
