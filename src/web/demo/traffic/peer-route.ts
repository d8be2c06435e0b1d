/** The way of a WebRTC connection, as the browser measures it. */
export interface PeerRoute {
  /** `turn` when a TURN server forwards for one of the two ends. */
  readonly kind: "direct" | "turn";
  /** The transport to this window's own TURN server; undefined for a direct connection, or when only the peer has one. */
  readonly turnTransport?: "udp" | "tcp" | "tls";
  /** Undefined until the browser has measured it. */
  readonly roundTripMs?: number;
}

/** The members of `RTCStats` and its kinds that are read here (W3C Identifiers for WebRTC's Statistics API). */
export interface ConnectionStats {
  readonly type: string;
  readonly id?: string;
  readonly selectedCandidatePairId?: string;
  readonly state?: string;
  readonly nominated?: boolean;
  /** Firefox marks the pair in use with it, and has no `transport` statistics. */
  readonly selected?: boolean;
  /** In seconds. */
  readonly currentRoundTripTime?: number;
  readonly localCandidateId?: string;
  readonly remoteCandidateId?: string;
  readonly candidateType?: string;
  readonly relayProtocol?: string;
}

/** Reads the route of a connection; undefined when it has not settled on a pair of candidates. */
export function readRoute(report: ReadonlyMap<string, ConnectionStats>): PeerRoute | undefined {
  const pair = selectedPair([...report.values()], report);
  if (pair === undefined) return undefined;
  const [local, remote] = [pair.localCandidateId, pair.remoteCandidateId].map((id) => report.get(id ?? ""));
  const isRelayed = local?.candidateType === "relay" || remote?.candidateType === "relay";
  const turnTransport = local?.candidateType === "relay" ? readTransport(local.relayProtocol) : undefined;
  const seconds = pair.currentRoundTripTime;
  return {
    kind: isRelayed ? "turn" : "direct",
    ...(turnTransport === undefined ? {} : { turnTransport }),
    ...(seconds === undefined ? {} : { roundTripMs: seconds * 1000 }),
  };
}

function selectedPair(
  all: readonly ConnectionStats[],
  report: ReadonlyMap<string, ConnectionStats>,
): ConnectionStats | undefined {
  const named = all.find(({ type }) => type === "transport")?.selectedCandidatePairId;
  if (named !== undefined) return report.get(named);
  const pairs = all.filter(({ type, state }) => type === "candidate-pair" && state === "succeeded");
  return pairs.find(({ selected }) => selected) ?? pairs.find(({ nominated }) => nominated);
}

function readTransport(value: string | undefined): PeerRoute["turnTransport"] {
  return value === "udp" || value === "tcp" || value === "tls" ? value : undefined;
}
