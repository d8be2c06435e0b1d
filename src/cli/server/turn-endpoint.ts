import type { RunningTurn } from "../../server.ts";

/** The STUN and TURN servers that clients are given. */
export interface AdvertisedTurn {
  /** Undefined if this server's own does not listen. */
  readonly listening: RunningTurn["listening"];
  /** `own` stands for this server's own; others are named by their URL. */
  readonly advertised: readonly ("own" | { readonly url: string })[];
}

/** The banner's line for STUN and TURN: the URL and its transports. Undefined if clients are given none. */
export function turnEndpoint(turn: AdvertisedTurn): readonly { readonly label: string; readonly url: string }[] {
  const own = turn.advertised.includes("own") ? ownServer(turn.listening) : [];
  const others = turn.advertised.flatMap((server) => (server === "own" ? [] : [server.url]));
  const [first, ...more] = [...own, ...others];
  if (first === undefined) return [];
  return [{ label: "STUN/TURN", url: more.length === 0 ? first : `${first} and ${more.length} more` }];
}

/** The URLs that clients are given, except that of this server's STUN. */
export function turnUrls({ advertised, listening }: AdvertisedTurn): readonly string[] {
  return advertised.flatMap((server) => (server === "own" ? (listening?.urls.turn ?? []) : [server.url]));
}

function ownServer(listening: RunningTurn["listening"]): readonly string[] {
  const [first] = listening?.urls.turn ?? [];
  if (listening === undefined || first === undefined) return [];
  const isSecured = listening.urls.turn.some((url) => url.startsWith("turns:"));
  const tls = isSecured ? `; tls on ${listening.tlsPort}` : "";
  return [`${first.replace(/\?.*$/, "")} (udp, tcp${tls})`];
}
