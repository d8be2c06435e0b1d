import type { CountedAddresses } from "./counted-addresses.ts";

export interface AddressCountsOptions {
  readonly addresses: CountedAddresses;
  /** The most that the clients of one address may hold together. */
  readonly limit: number;
}

/** Counts what the clients of each address hold, as `CountedAddresses` counts. */
export class AddressCounts {
  readonly #options: AddressCountsOptions;
  readonly #counts = new Map<string, number>();

  constructor(options: AddressCountsOptions) {
    this.#options = options;
  }

  /** Whether the clients at this address may hold `count` more. */
  hasRoomFor(remoteAddress: string, count = 1): boolean {
    const { addresses, limit } = this.#options;
    const key = addresses.keyOf(remoteAddress);
    return key === undefined || (this.#counts.get(key) ?? 0) + count <= limit;
  }

  /** Counts what a client has got, whether there was room for it or not. */
  add(remoteAddress: string, count = 1): void {
    this.#change(remoteAddress, count);
  }

  /** Counts out what was counted by `add`. */
  remove(remoteAddress: string, count = 1): void {
    this.#change(remoteAddress, -count);
  }

  /** Counts in what a client asks for and returns true; returns false and counts nothing if there is no room for it. */
  take(remoteAddress: string, count = 1): boolean {
    const hasRoom = this.hasRoomFor(remoteAddress, count);
    if (hasRoom) this.add(remoteAddress, count);
    return hasRoom;
  }

  #change(remoteAddress: string, change: number): void {
    const key = this.#options.addresses.keyOf(remoteAddress);
    if (key === undefined) return;
    const count = (this.#counts.get(key) ?? 0) + change;
    if (count > 0) this.#counts.set(key, count);
    else this.#counts.delete(key);
  }
}
