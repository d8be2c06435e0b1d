import type { RunningTurn } from "../../server.ts";

/** The line of the banner for STUN and TURN: the URL, and the transports that it goes with. None if nothing listens. */
export function turnEndpoint(
  listening: RunningTurn["listening"],
): readonly { readonly label: string; readonly url: string }[] {
  const [first] = listening?.urls.turn ?? [];
  if (listening === undefined || first === undefined) return [];
  const isSecured = listening.urls.turn.some((url) => url.startsWith("turns:"));
  const tls = isSecured ? `; tls on ${listening.tlsPort}` : "";
  return [{ label: "STUN/TURN", url: `${first.replace(/\?.*$/, "")} (udp, tcp${tls})` }];
}
