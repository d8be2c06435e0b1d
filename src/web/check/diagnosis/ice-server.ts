/** One STUN or TURN server, in the shape that RTCPeerConnection takes. */
export interface IceServer {
  readonly urls: string | readonly string[];
  readonly username?: string;
  readonly credential?: string;
}

/** One URL of a server, with what it needs to be tested by itself. */
export interface IceEndpoint {
  readonly url: string;
  readonly kind: "stun" | "turn";
  readonly transport: "udp" | "tcp" | "tls";
  readonly host: string;
  readonly port: number;
  readonly server: IceServer;
}

/** The most URLs that are tested: each needs a connection of its own. */
export const mostEndpoints = 12;

/** RFC 7064 and 7065; an IPv6 address is in brackets. */
const urlPattern = /^(stun|turn)(s?):(\[[0-9a-f:.]+\]|[^:/?#[\]\s]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/** The parts of a STUN or TURN URL; undefined if it is none. */
export function parseIceUrl(url: string): Omit<IceEndpoint, "server"> | undefined {
  const match = urlPattern.exec(url.trim());
  if (match === null) return undefined;
  const [, scheme = "", secure, host = "", port, transport] = match.map((part) => part?.toLowerCase());
  const isSecure = secure === "s";
  return {
    url: url.trim(),
    kind: scheme === "turn" ? "turn" : "stun",
    transport: isSecure ? "tls" : transport === "tcp" ? "tcp" : "udp",
    host,
    port: port === undefined ? (isSecure ? 5349 : 3478) : Number(port),
  };
}

/** Every URL of the servers once, in their order. URLs that are none are left out: see `invalidUrlsOf`. */
export function endpointsOf(servers: readonly IceServer[]): readonly IceEndpoint[] {
  const endpoints = new Map<string, IceEndpoint>();
  for (const server of servers) {
    for (const url of urlsOf(server)) {
      const parsed = parseIceUrl(url);
      if (parsed !== undefined && !endpoints.has(parsed.url)) endpoints.set(parsed.url, { ...parsed, server });
    }
  }
  return [...endpoints.values()].slice(0, mostEndpoints);
}

export function invalidUrlsOf(servers: readonly IceServer[]): readonly string[] {
  return servers.flatMap(urlsOf).filter((url) => parseIceUrl(url) === undefined);
}

function urlsOf({ urls }: IceServer): readonly string[] {
  return typeof urls === "string" ? [urls] : urls;
}
