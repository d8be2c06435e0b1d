/**
 * Whom a request is from: the other end of its socket, or, where that is a proxy of ours, whom the proxy names.
 *
 * Each proxy adds the address that it was asked from at the end of `X-Forwarded-For`; what a client writes there itself
 * stands before that. So the last address that is no proxy of ours is the one to believe.
 */
export function clientAddress(peer: string, forwardedFor: string | null, proxies: ReadonlySet<string>): string {
  if (forwardedFor === null || !proxies.has(plain(peer))) return peer;
  const hops = forwardedFor.split(",").map((hop) => plain(hop.trim()));
  return hops.findLast((hop) => hop !== "" && !proxies.has(hop)) ?? peer;
}

/** An IPv4 address that is written as IPv6 is the IPv4 address; some proxies add a port, or brackets. */
function plain(address: string): string {
  const bare = address.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1");
  return bare.replace(/^::ffff:(?=\d+(?:\.\d+){3}$)/i, "");
}
