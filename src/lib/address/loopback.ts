import { canonicalAddress } from "./canonical-address.ts";

/**
 * Whether a host, from a URL or a listener's configuration, is reachable from this machine only: `localhost` and its
 * subdomains, 127.0.0.0/8, ::1, in any spelling, with or without brackets.
 */
export function isLoopback(host: string): boolean {
  const address = canonicalAddress(host);
  if (address === undefined) return /^(.+\.)?localhost\.?$/i.test(host);
  return address === "::1" || address.startsWith("127.");
}
