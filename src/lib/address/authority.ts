/** `host:port` as in a URL, with an IPv6 address in brackets. */
export function authorityOf(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/**
 * The host at which this machine reaches a server that listens on `host`: loopback for a wildcard address. A listener on
 * `::` takes IPv4 too, and a machine may have no IPv6 loopback address.
 */
export function reachableHost(host: string): string {
  return host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
}
