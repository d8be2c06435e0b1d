import { faultOf, hasAnswered, type IceFault } from "./ice-faults.ts";
import { protocolNames } from "./loop-findings.ts";
import type { Measurements, RelayProtocol } from "./measurements.ts";
import { endpointsIn, hasSymmetricNat, testedIn } from "./steps.ts";

/** How this browser reaches peers in other networks. */
export type PeerPath = "direct" | "local" | "turn" | "relay" | "none";

export interface Verdict {
  readonly path: PeerPath;
  readonly tone: "ok" | "warning" | "failed";
  readonly title: string;
  readonly text: string;
}

/** The conclusion of a finished test. */
export function verdictOf(measurements: Measurements): Verdict {
  return serverVerdict(measurements) ?? peerVerdict(measurements);
}

/** The verdict if the server itself is the problem; the other measurements do not count then. */
function serverVerdict({ server, access, relay, signaling }: Measurements): Verdict | undefined {
  if (server !== undefined && server.kind !== "answered") {
    return nothing("The server does not answer", "Neither the relay nor peers can be reached without it.");
  }
  if (access?.sync.kind === "denied" && access.signaling.kind === "denied") {
    return access.hasToken
      ? nothing("The server denies access", `It says: ${access.sync.reason}. Paste another token, and test again.`)
      : nothing("An access token is required", "Paste a token, and test again.");
  }
  const isRelayBroken = relay !== undefined && relay.kind !== "ok";
  const isSignalingBroken = signaling !== undefined && signaling.kind !== "ok";
  if (isRelayBroken && isSignalingBroken) {
    return nothing(
      "WebSockets do not get through",
      "The server answers HTTP, but no WebSocket opens: neither relay nor signaling works.",
    );
  }
  return undefined;
}

function nothing(title: string, text: string): Verdict {
  return { path: "none", tone: "failed", title, text };
}

function peerVerdict(measurements: Measurements): Verdict {
  const obstacle = obstacleOf(measurements);
  if (obstacle !== undefined) return relayOnly(obstacle, measurements);
  const udp = passesUdp(measurements);
  const turn = turnOf(measurements);
  if (endpointsIn(measurements).length === 0) return withoutServers(measurements);
  if (udp && isDirectPossible(measurements)) return direct(turn, measurements);
  if (turn !== undefined) return throughTurn(turn, measurements);
  return relayOnly(reasonWithoutTurn(measurements), measurements);
}

/** The reason why no two browsers connect, whatever the ICE servers answer. */
function obstacleOf({ page, signaling, access }: Measurements): string | undefined {
  if (page?.hasWebrtc === false) return "this browser has no WebRTC";
  if (access?.signaling.kind === "denied") return "the server denies access to signaling";
  if (signaling !== undefined && signaling.kind !== "ok") return "signaling does not work";
  return undefined;
}

interface TurnWay {
  readonly protocol: RelayProtocol | undefined;
}

function turnOf({ turnLoop }: Measurements): TurnWay | undefined {
  return turnLoop?.kind === "connected" ? { protocol: turnLoop.protocol } : undefined;
}

function passesUdp(measurements: Measurements): boolean {
  const reportsIceErrors = measurements.page?.reportsIceErrors ?? true;
  return testedIn(measurements).some(
    (tested) => tested.endpoint.transport === "udp" && hasAnswered(tested, reportsIceErrors),
  );
}

/** A loop over hidden local addresses may fail where peers elsewhere, which use the reflexive address, connect. */
function isDirectPossible(measurements: Measurements): boolean {
  const { directLoop, host } = measurements;
  return !hasSymmetricNat(measurements) && (directLoop?.kind === "connected" || host?.isHidden === true);
}

function direct(turn: TurnWay | undefined, measurements: Measurements): Verdict {
  const base = { path: "direct", title: "Peers connect directly" } as const;
  if (turn !== undefined) {
    const text = "UDP gets through. If the other peer's network blocks UDP, TURN works.";
    return { ...base, tone: "ok", text: text + relayNote(measurements) };
  }
  const reason = faultSentence(measurements) ?? "no TURN server is configured";
  const rest = isRelayUsable(measurements) ? " use the relay only" : " do not connect";
  const text = `UDP gets through. But TURN does not work (${reason}), so peers behind symmetric NATs or strict firewalls${rest}.`;
  return { ...base, tone: "warning", text };
}

function throughTurn({ protocol }: TurnWay, measurements: Measurements): Verdict {
  const way = protocol === undefined ? "TURN" : `TURN over ${protocolNames[protocol]}`;
  const reason = passesUdp(measurements)
    ? hasSymmetricNat(measurements)
      ? "this network has a symmetric NAT"
      : "direct connections do not work here"
    : "UDP does not get through";
  return {
    path: "turn",
    tone: "ok",
    title: `Peers connect through ${way}`,
    text: `${sentence(reason)}. Everything works, but all messages go through the TURN server.${relayNote(measurements)}`,
  };
}

function withoutServers(measurements: Measurements): Verdict {
  const isListed = measurements.ice?.kind === "list";
  const reason = isListed ? "TURN is switched off on this server" : "the list of ICE servers could not be loaded";
  if (measurements.directLoop?.kind !== "connected") return relayOnly(reason, measurements);
  const others = isRelayUsable(measurements) ? "Others use the relay only" : "Others do not connect";
  return {
    path: "local",
    tone: "warning",
    title: "Peers connect directly in the same network only",
    text: `${others}, because ${reason}.`,
  };
}

function relayOnly(reason: string, measurements: Measurements): Verdict {
  if (!isRelayUsable(measurements)) {
    return nothing("Peers do not connect", `${sentence(reason)}, and the relay is not available.`);
  }
  const meet = obstacleOf(measurements) === undefined && measurements.directLoop?.kind === "connected";
  const others = meet ? "connect peers in the same network only" : "do not work";
  return {
    path: "relay",
    tone: "warning",
    title: "Peers connect only through the relay",
    text: `${sentence(reason)}. Editing together works through y-websocket or Hocuspocus. Apps that use y-webrtc or PeerJS alone ${others}.`,
  };
}

function reasonWithoutTurn(measurements: Measurements): string {
  const { turnLoop, directLoop } = measurements;
  const faults = faultSentence(measurements);
  if (turnLoop?.kind === "failed") return "no data comes back through TURN";
  if (faults !== undefined && !passesUdp(measurements)) return `UDP does not get through, and ${faults}`;
  if (faults !== undefined) return faults;
  if (!passesUdp(measurements)) return "UDP does not get through, and there is no TURN server";
  if (hasSymmetricNat(measurements)) return "this network has a symmetric NAT, and there is no TURN server";
  return directLoop?.kind === "connected" ? "there is no TURN server" : "direct connections do not work here";
}

const faultSentences: Readonly<Record<IceFault, string>> = {
  "wrong-credential": "TURN refuses the credential",
  unresolved: "the name of the TURN server cannot be resolved",
  unreachable: "the TURN server does not answer",
  quota: "TURN has reached this user's quota",
  full: "TURN has no capacity left",
  forbidden: "TURN forbids its use",
  "blocked-port": "browsers do not connect to the TURN server's port",
  invalid: "the URL of the TURN server is not valid",
  other: "TURN gives no address",
};

/** The most telling fault of the TURN servers, in the order of the table. */
function faultSentence(measurements: Measurements): string | undefined {
  const reportsIceErrors = measurements.page?.reportsIceErrors ?? true;
  const turn = testedIn(measurements).filter(({ endpoint }) => endpoint.kind === "turn");
  const faults = new Set<string | undefined>(turn.map((tested) => faultOf(tested, reportsIceErrors)));
  return Object.entries(faultSentences).find(([fault]) => faults.has(fault))?.[1];
}

function sentence(reason: string): string {
  return reason.charAt(0).toUpperCase() + reason.slice(1);
}

function isRelayUsable({ relay }: Measurements): boolean {
  return relay?.kind === "ok";
}

function relayNote({ relay, server }: Measurements): string {
  const isServed = server?.kind !== "answered" || server.isSyncServed;
  return isServed && relay !== undefined && relay.kind !== "ok" ? " The relay, however, does not work: see below." : "";
}
