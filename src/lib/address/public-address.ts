import { isIP } from "node:net";
import { AddressRanges } from "./address-ranges.ts";
import { canonicalAddress } from "./canonical-address.ts";

/** IPv4 addresses that are not those of hosts of the internet (IANA IPv4 Special-Purpose Address Registry, RFC 5771). */
const reserved4 = new AddressRanges([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"],
  ...["198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"],
]);
/** The global unicast addresses of IPv6 (RFC 4291 §2.4). All others are local, multicast, or stand for IPv4 addresses. */
const unicast6 = new AddressRanges(["2000::/3"]);
/** Protocols and documentation; Teredo and 6to4, which contain IPv4 addresses (IANA IPv6 Special-Purpose Registry). */
const reserved6 = new AddressRanges(["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);

/** Whether an address is one of a host of the internet, and not of this machine or a private network. */
export function isPublicAddress(text: string): boolean {
  const address = canonicalAddress(text);
  if (address === undefined) return false;
  return isIP(address) === 4 ? !reserved4.has(address) : unicast6.has(address) && !reserved6.has(address);
}
