import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import { canonicalAddress } from "../../lib/address/canonical-address.ts";

/**
 * The addresses of this machine that a listener on `hosts` takes, each once: all of its addresses for `::`, those of IPv4
 * for `0.0.0.0`, both loopback addresses for `localhost`. A datagram must be answered from the address to which it was
 * sent, which a socket on all addresses cannot promise. Rejects with the system's error for a name that is not resolved.
 */
export async function hostAddresses(hosts: readonly string[]): Promise<readonly string[]> {
  const lists = await Promise.all(hosts.map(addressesOf));
  return [...new Set(lists.flat())];
}

/** All addresses of this machine, loopback included, in their canonical spelling. */
export function interfaceAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.map(({ address }) => canonicalAddress(address) ?? address);
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (host === "::") return reachable();
  if (host === "0.0.0.0") return reachable().filter((address) => isIP(address) === 4);
  if (/^localhost\.?$/i.test(host)) return ["127.0.0.1", "::1"];
  if (isIP(host) !== 0) return [host];
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}

/** A link-local address needs the name of an interface, which TURN cannot carry. */
function reachable(): readonly string[] {
  return interfaceAddresses().filter((address) => !/^fe[89ab][0-9a-f]:/i.test(address));
}
