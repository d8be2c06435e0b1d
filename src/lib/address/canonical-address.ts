import { isIP, isIPv4 } from "node:net";

/**
 * The one spelling of an IP address: IPv4 in dots, IPv6 as URLs have it but without brackets and zone. An IPv4-mapped
 * IPv6 address is the IPv4 address. Undefined for a text that is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  // Most addresses are that already, and every request has one.
  if (isIPv4(text)) return text;
  const [address = ""] = text.replace(/^\[(.*)\]$/, "$1").split("%");
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short) ?? [];
  return high === undefined || low === undefined ? short : [...bytesOf(high), ...bytesOf(low)].join(".");
}

function bytesOf(group: string): readonly number[] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
