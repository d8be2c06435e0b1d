import type { TestedEndpoint } from "./ice-faults.ts";
import { isSymmetric } from "./ice-findings.ts";
import { endpointsOf, type IceEndpoint } from "./ice-server.ts";
import type { AccessAnswer, Measurements, RelayProtocol } from "./measurements.ts";

/** A measurement of the test. Each URL of an ICE server is a step of its own, `url:…`. */
export type StepId =
  | "page"
  | "server"
  | "access"
  | "signaling"
  | "relay"
  | "ice"
  | "host"
  | `url:${string}`
  | "nat"
  | "turn-loop"
  | "direct-loop";

export function endpointsIn({ ice }: Measurements): readonly IceEndpoint[] {
  return ice?.kind === "list" ? endpointsOf(ice.servers) : [];
}

export function testedIn(measurements: Measurements): readonly TestedEndpoint[] {
  return endpointsIn(measurements).flatMap((endpoint) => {
    const outcome = measurements.urls?.[endpoint.url];
    return outcome === undefined ? [] : [{ endpoint, outcome }];
  });
}

/** The STUN servers by which the NAT is judged: at least two hosts, else there is nothing to compare. */
export function natEndpoints(measurements: Measurements): readonly IceEndpoint[] {
  const byHost = new Map<string, IceEndpoint>();
  for (const { endpoint, outcome } of testedIn(measurements)) {
    const isUsable = endpoint.kind === "stun" && endpoint.transport === "udp" && outcome.kind === "address";
    if (isUsable) byHost.set(endpoint.host, endpoint);
  }
  return byHost.size > 1 ? [...byHost.values()] : [];
}

/** The STUN servers that have given an address. */
export function usableStun(measurements: Measurements): readonly IceEndpoint[] {
  return usable(measurements, "stun");
}

/** The TURN servers that have given an address. */
function usableTurn(measurements: Measurements): readonly IceEndpoint[] {
  return usable(measurements, "turn");
}

/**
 * The TURN servers by the transport to them, best first. A browser that has several at once may choose any of them, so a
 * loop is tried over one transport after the other until one connects.
 */
export function turnByTransport(
  measurements: Measurements,
): readonly (readonly [RelayProtocol, readonly IceEndpoint[]])[] {
  const servers = usableTurn(measurements);
  const transports = ["udp", "tcp", "tls"] as const;
  return transports
    .map((transport) => [transport, servers.filter((server) => server.transport === transport)] as const)
    .filter(([, found]) => found.length > 0);
}

function usable(measurements: Measurements, kind: IceEndpoint["kind"]): readonly IceEndpoint[] {
  return testedIn(measurements).flatMap(({ endpoint, outcome }) =>
    endpoint.kind === kind && outcome.kind === "address" ? [endpoint] : [],
  );
}

export function hasSymmetricNat({ nat }: Measurements): boolean {
  return nat !== undefined && isSymmetric(nat);
}

/** The reason to skip a step after the measurements so far; undefined if it can run. */
export function reasonToSkip(step: StepId, measurements: Measurements): string | undefined {
  const { access, page, server } = measurements;
  switch (step) {
    case "page":
    case "server":
      return undefined;
    case "access":
      return withoutServer(measurements);
    case "signaling":
      return withoutServer(measurements) ?? denialOf(access?.signaling);
    case "relay":
      if (server?.kind === "answered" && !server.isSyncServed) return "This server does signaling only.";
      return withoutServer(measurements) ?? denialOf(access?.sync);
    case "ice":
      return withoutServer(measurements) ?? (isDenied(access?.signaling) ? denialOf(access?.sync) : undefined);
    case "turn-loop":
      return withoutWebrtc(page) ?? withoutTurn(measurements);
    case "direct-loop":
      return withoutWebrtc(page) ?? withoutAddress(measurements);
    default:
      return withoutWebrtc(page);
  }
}

function withoutServer({ server }: Measurements): string | undefined {
  return server !== undefined && server.kind !== "answered" ? "The server does not answer." : undefined;
}

function withoutAddress({ host }: Measurements): string | undefined {
  return host?.addresses.length === 0 ? "There is no local address." : undefined;
}

function withoutWebrtc(page: Measurements["page"]): string | undefined {
  return page?.hasWebrtc === false ? "This browser has no WebRTC." : undefined;
}

function withoutTurn(measurements: Measurements): string | undefined {
  if (!endpointsIn(measurements).some(({ kind }) => kind === "turn"))
    return reasonToSkip("ice", measurements) ?? "There is no TURN server to test.";
  return usableTurn(measurements).length === 0 ? "No TURN server gave an address." : undefined;
}

function isDenied(answer: AccessAnswer | undefined): boolean {
  return answer?.kind === "denied";
}

function denialOf(answer: AccessAnswer | undefined): string | undefined {
  return isDenied(answer) ? "The server denies access." : undefined;
}
