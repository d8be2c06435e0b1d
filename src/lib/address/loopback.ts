/**
 * Whether a host, from a URL or a listener's configuration, is reachable from this machine only: `localhost` and its
 * subdomains, 127.0.0.0/8, ::1, with or without brackets.
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, "$1");
  return /^(.+\.)?localhost$/i.test(bare) || bare === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(bare);
}
