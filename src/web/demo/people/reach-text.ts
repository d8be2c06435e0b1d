import { milliseconds } from "../traffic/milliseconds.ts";
import type { Peer, Reach } from "./peers.ts";

const texts: Readonly<Record<Exclude<Reach, "you" | "turn" | "lost">, string>> = {
  direct: "direct",
  "same-browser": "same browser",
  relay: "via the server",
  peer: "via a peer",
};

/** Describes the route to another person, with its round trip if it was measured. */
export function reachText({ reach, route, lastSeenAt }: Peer, now: number): string {
  if (reach === "lost") return `last seen ${ago(now - (lastSeenAt ?? now))}`;
  if (reach === "you") return "this window";
  const text = reach === "turn" ? turnText(route?.turnTransport) : texts[reach];
  return route?.roundTripMs === undefined ? text : `${text} · ${milliseconds(route.roundTripMs)}`;
}

function turnText(transport: string | undefined): string {
  return transport === undefined ? "TURN" : `TURN (${transport})`;
}

function ago(elapsedMs: number): string {
  const seconds = Math.max(0, Math.round(elapsedMs / 1000));
  if (seconds < 2) return "just now";
  return seconds < 90 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
}
