import type { ServerLink } from "../saving/sync-state.ts";

/** The state of the server, as far as this window knows it. */
export type ServerState =
  | { readonly kind: "connecting" | "running" | "restarting" | "down" | "offline" }
  /** The server has closed the connection for now, and named this reason. */
  | { readonly kind: "busy"; readonly reason: string }
  /** The server has denied access; the reason is empty if it gave none. */
  | { readonly kind: "refused"; readonly reason: string };

export interface ServerFacts {
  readonly link: ServerLink;
  /** True when both transports are switched off. */
  readonly isOffline: boolean;
  readonly isSignalingConnected: boolean;
  readonly denial: string | undefined;
  /** The reason that the server gave when it closed the last connection; undefined if it gave none, or while connected. */
  readonly closeReason: string | undefined;
  /** True when this window was connected to the server before. */
  readonly wasConnected: boolean;
  /** The time without a connection. */
  readonly disconnectedMs: number;
}

/** The time that a connection may take before the headline says that the server does not answer. */
export const patienceMs = 2_500;
/** The time that a server may take to restart after it has announced that. */
const restartMs = 60_000;

/** The close reason of a server that stops. */
export const restartReason = "restart";

export function serverState(facts: ServerFacts): ServerState {
  const { closeReason, denial, disconnectedMs, isOffline, link, wasConnected } = facts;
  if (isOffline) return { kind: "offline" };
  if (link === "denied") return { kind: "refused", reason: denial ?? "" };
  if (isReached(facts)) return { kind: "running" };
  if (closeReason === restartReason && disconnectedMs < restartMs) return { kind: "restarting" };
  if (closeReason !== undefined && closeReason !== restartReason) return { kind: "busy", reason: closeReason };
  if (disconnectedMs >= patienceMs) return { kind: "down" };
  return { kind: wasConnected ? "running" : "connecting" };
}

/** True while there is a connection: the relay's counts while it is on, the signaling connection otherwise. */
export function isReached({ link, isSignalingConnected }: Pick<ServerFacts, "link" | "isSignalingConnected">): boolean {
  return link === "connected" || (link !== "connecting" && isSignalingConnected);
}
