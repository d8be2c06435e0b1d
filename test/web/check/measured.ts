import type { IceServer } from "../../../src/web/check/diagnosis/ice-server.ts";
import type {
  IceError,
  LoopOutcome,
  Measurements,
  PageFacts,
  ServerAnswer,
  UrlOutcome,
} from "../../../src/web/check/diagnosis/measurements.ts";

export const stun = "stun:turn.example.com:3478";
export const udp = "turn:turn.example.com:3478?transport=udp";
export const tcp = "turn:turn.example.com:3478?transport=tcp";
export const tls = "turns:turn.example.com:5349?transport=tcp";

export const servers: readonly IceServer[] = [
  { urls: stun },
  { urls: [udp, tcp, tls], username: "u", credential: "c" },
];

export const address: UrlOutcome = { kind: "address", address: "203.0.113.5:50000", elapsedMs: 20 };

export function refused(code: number, text = ""): UrlOutcome {
  return { kind: "none", errors: [{ code, text }], elapsedMs: 30 };
}

export const silent = refused(701, "TURN allocate request timed out.");

export function withErrors(...errors: readonly IceError[]): UrlOutcome {
  return { kind: "none", errors, elapsedMs: 9_500 };
}

export const connected = {
  kind: "connected",
  connectMs: 80,
  roundTripMs: 3,
  bitsPerSecond: 40e6,
} as const satisfies LoopOutcome;
export const broken: LoopOutcome = { kind: "failed", during: "connecting", detail: "the connection failed" };

export const page: PageFacts = {
  address: "https://collab.example.com/check",
  room: "yurt-check",
  browser: "Browser/1",
  isSecure: true,
  hasWebrtc: true,
  reportsIceErrors: true,
};

export const server = {
  kind: "answered",
  version: "0.9.0",
  mode: "open",
  isSyncServed: true,
  isReady: true,
  roundTripMs: 4,
} as const satisfies ServerAnswer;

export const throughTurn = { ...connected, protocol: "udp" } as const;

/** A test in which everything works. */
export const good: Measurements = {
  page,
  server,
  access: {
    sync: { kind: "granted", access: "write" },
    signaling: { kind: "granted", access: "write" },
    hasToken: false,
  },
  signaling: { kind: "ok", openMs: 9, roundTripMs: 2 },
  relay: { kind: "ok", openMs: 9, syncMs: 3, roundTripMs: 2 },
  ice: { kind: "list", source: "server", servers, ttlSeconds: 43_200 },
  host: { addresses: ["a1b2.local"], isHidden: true },
  urls: { [stun]: address, [udp]: address, [tcp]: address, [tls]: address },
  turnLoop: throughTurn,
  directLoop: connected,
};

/** A test in which UDP does not get through, and everything else does. */
export const withoutUdp: Measurements = {
  ...good,
  urls: { [stun]: silent, [udp]: silent, [tcp]: address, [tls]: address },
  turnLoop: { ...connected, protocol: "tcp" },
};

/** A test on a server whose TURN is off, and that names no other servers. */
export const withoutTurn: Measurements = (({ turnLoop: _turnLoop, urls: _urls, ...rest }) => ({
  ...rest,
  ice: { kind: "list", source: "server", servers: [] } as const,
}))(good);
