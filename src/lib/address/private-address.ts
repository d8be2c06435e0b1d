import { AddressRanges } from "./address-ranges.ts";
import { canonicalAddress } from "./canonical-address.ts";

/** Private, shared and link-local addresses (RFC 1918, 6598, 4193, 3927, 4291): no client of the internet has one. */
const privateRanges = new AddressRanges([
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"],
  ...["fc00::/7", "fe80::/10"],
]);

/** Whether an address is one of a network that is not part of the internet. Loopback is not such a network. */
export function isPrivateAddress(address: string): boolean {
  return privateRanges.has(canonicalAddress(address) ?? address);
}
