import { addressBlock } from "./address-block.ts";
import { isLoopback } from "./loopback.ts";
import { isPrivateAddress } from "./private-address.ts";

/** The most proxies that are found; further ones count as clients. */
const mostProxies = 1_000;

/**
 * Decides how limits per address count a client. A /64 of IPv6 counts as one address, also where limits are lifted.
 *
 * The limits do not hold for this machine, nor for a private address from which a reverse proxy that is not configured
 * brings all its clients.
 */
export class CountedAddresses {
  /**
   * The keys of proxies. None is removed: what is counted without a key is never counted out with one. Clients that were
   * counted before their key is lifted stay counted, under a key that no limit reads any more.
   */
  readonly #proxies = new Set<string>();

  /** The key by which limits count the clients at this address; undefined if no limit per address holds for them. */
  keyOf(address: string): string | undefined {
    if (isLoopback(address)) return undefined;
    const key = addressBlock(address);
    return this.#proxies.has(key) ? undefined : key;
  }

  /**
   * Lifts the limits for a private address, which has shown itself to be a proxy; true if it has none from now on. False
   * for a public address, where any client may pretend to be a proxy, and when too many are known.
   */
  lift(address: string): boolean {
    if (isLoopback(address)) return true;
    const key = addressBlock(address);
    if (this.#proxies.has(key)) return true;
    if (!isPrivateAddress(address) || this.#proxies.size >= mostProxies) return false;
    this.#proxies.add(key);
    return true;
  }
}
