import { isIP } from "node:net";
import type { AddressRanges } from "../lib/address/address-ranges.ts";
import { canonicalAddress } from "../lib/address/canonical-address.ts";
import { isPublicAddress } from "../lib/address/public-address.ts";

/** The IP addresses of a host. Rejects with the system's error. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface TargetPolicy {
  /** The addresses, besides those of the internet, to which the server may connect. */
  readonly allowed: AddressRanges;
  readonly lookup: Lookup;
}

/** Why no connection is made to a URL. */
export type TargetFault = "name-not-found" | "address-not-allowed" | "http-not-allowed";

/** Where a request goes: `address` was checked, so that no second look-up of the name can lead elsewhere. */
export interface Target {
  readonly address: string;
}

/** The host of a URL, an IPv6 address without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/**
 * Looks up the address of a URL, and checks that requests of others may go there. Plain HTTP is only for addresses in
 * `allowed`: over the internet, everyone on the way could read it.
 */
export async function findTarget(url: URL, { allowed, lookup }: TargetPolicy): Promise<Target | TargetFault> {
  const host = hostOf(url);
  let found: readonly string[];
  try {
    found = isIP(host) === 0 ? await lookup(host) : [host];
  } catch {
    return "name-not-found";
  }
  const addresses = found.flatMap((address) => canonicalAddress(address) ?? []);
  if (addresses.length === 0) return "name-not-found";
  const own = addresses.find((address) => allowed.has(address));
  if (own !== undefined) return { address: own };
  const address = addresses.find(isPublicAddress);
  if (address === undefined) return "address-not-allowed";
  return url.protocol === "https:" ? { address } : "http-not-allowed";
}
