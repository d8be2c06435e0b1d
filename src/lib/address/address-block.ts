import { canonicalAddress } from "./canonical-address.ts";

/**
 * The block of addresses that a provider gives to one customer: an IPv4 address, or the /64 of an IPv6 address. An
 * IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) counts as its IPv4 address.
 */
export function addressBlock(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === undefined || !canonical.includes(":")) return canonical ?? address;
  const [head = "", tail] = canonical.split("::");
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const behind = groupsOf(tail);
    while (groups.length + behind.length < 8) groups.push("0");
    groups.push(...behind);
  }
  return `${groups.slice(0, 4).join(":")}::/64`;
}

function groupsOf(part: string): string[] {
  return part === "" ? [] : part.split(":");
}
