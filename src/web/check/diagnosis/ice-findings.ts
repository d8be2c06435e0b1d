import { type Finding, failed, milliseconds, ok, skipped, warning } from "./finding.ts";
import { faultOf, hasAnswered, type IceFault, portOf, type TestedEndpoint } from "./ice-faults.ts";
import { endpointsOf, type IceEndpoint } from "./ice-server.ts";
import type { HostAddresses, IceAnswer, NatMapping, UrlOutcome } from "./measurements.ts";

export function iceFinding(answer: IceAnswer): Finding {
  switch (answer.kind) {
    case "denied":
      return failed(
        `The server gives this browser no ICE servers. ${answer.reason}`,
        "Paste a valid token into this page.",
      );
    case "failed":
      return warning(
        answer.status === 404
          ? "This server has no list of ICE servers."
          : `The list of ICE servers could not be loaded${answer.status === undefined ? "" : ` (status ${answer.status})`}.`,
        "Run the test again, or paste the ICE servers of your app into this page.",
      );
    case "list":
      return listFinding(answer);
  }
}

function listFinding({ servers, source, ttlSeconds }: IceAnswer & { kind: "list" }): Finding {
  const endpoints = endpointsOf(servers);
  const origin = source === "pasted" ? "that were pasted" : "of this server";
  if (endpoints.length === 0) {
    return warning(
      "The server has no ICE servers: TURN is switched off, or could not start.",
      "Peers in different networks then seldom connect. Enable TURN (`turn.enabled`) and look for `turn-` in the server's log, or name a server of yours with `turn.advertise`.",
    );
  }
  const count = endpoints.length === 1 ? "One address" : `${endpoints.length} addresses`;
  if (!endpoints.some(({ kind }) => kind === "turn")) {
    return warning(
      `${count} of STUN servers ${origin}, but none of a TURN server.`,
      "Peers behind symmetric NATs or strict firewalls need TURN. Enable it (`turn.enabled`), or name a server of yours with `turn.advertise`.",
    );
  }
  return ok(
    `${count} of STUN and TURN servers ${origin}.`,
    ttlSeconds === undefined ? undefined : `valid for ${durationOf(ttlSeconds)}`,
  );
}

function durationOf(seconds: number): string {
  if (seconds >= 3_600) return `${Math.round(seconds / 3_600)} h`;
  return seconds >= 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`;
}

export function hostFinding({ addresses, isHidden }: HostAddresses): Finding {
  if (addresses.length === 0) {
    return failed(
      "The browser offers no local address to peers.",
      "A policy, an extension or a privacy setting limits WebRTC. Peers then connect through TURN only.",
    );
  }
  const count = addresses.length === 1 ? "one local address" : `${addresses.length} local addresses`;
  if (isHidden) return ok(`The browser offers ${count}, hidden behind a random name, as usual.`);
  return ok(`The browser offers ${count}: ${addresses.join(", ")}.`);
}

export function urlFinding(tested: TestedEndpoint, reportsIceErrors: boolean): Finding {
  const { endpoint, outcome } = tested;
  const fault = faultOf(tested, reportsIceErrors);
  if (fault === "other" && endpoint.kind === "stun" && outcome.kind === "none" && outcome.errors.length === 0) {
    return warning(
      "It reports no other address than the local one. Either there is no NAT, or the server does not answer: this browser does not tell which.",
    );
  }
  if (fault === undefined) return answeredFinding(endpoint, outcome);
  return faultFinding(fault, endpoint, outcome);
}

function answeredFinding({ kind }: IceEndpoint, outcome: UrlOutcome): Finding {
  const elapsed = outcome.kind === "invalid" ? undefined : milliseconds(outcome.elapsedMs);
  if (outcome.kind !== "address") return ok("It answers. There is no NAT.", elapsed);
  if (kind === "stun") return ok(`It answers. Peers see this browser as ${outcome.address}.`, elapsed);
  return ok(`It accepts the credential and relays from ${outcome.address}.`, elapsed);
}

function faultFinding(fault: IceFault, endpoint: IceEndpoint, outcome: UrlOutcome): Finding {
  const { host, port, transport, kind } = endpoint;
  switch (fault) {
    case "wrong-credential":
      return failed(
        "The server answers, but refuses the username or password (error 401).",
        "The credential is wrong or has expired, or the server uses another secret. Compare `turn.secret` with the TURN server's, and both clocks.",
      );
    case "unresolved":
      return failed(`The name ${host} cannot be resolved.`, "Correct the name, or create its DNS record.");
    case "unreachable":
      return unreachableFinding(endpoint);
    case "quota":
      return failed(
        "The server refuses another allocation of this user (error 486).",
        "Close other tabs that use WebRTC, wait ten minutes, or raise the limits of TURN.",
      );
    case "full":
      return failed(
        "The server has no free port, or no capacity (error 508).",
        "Widen `turn.relay-ports`, or raise the limits of TURN.",
      );
    case "forbidden":
      return failed("The server forbids this browser to use it (error 403).", "See the TURN server's log.");
    case "blocked-port":
      return failed(
        `Browsers do not connect to a TURN server on port ${port}.`,
        "Let it listen on 3478, 443, 80, 53 or a port above 1023.",
      );
    case "invalid":
      return failed(
        `The browser does not accept this ${kind.toUpperCase()} server${outcome.kind === "invalid" && outcome.message !== "" ? `: ${outcome.message}` : ""}.`,
        "Correct its URL: browsers block some ports, and a TURN server needs a username and a credential.",
      );
    case "other":
      return otherFinding(outcome, transport);
  }
}

function unreachableFinding(endpoint: IceEndpoint): Finding {
  const place = `${endpoint.host}, ${portOf(endpoint)}`;
  const remedy = `Check that the server runs there, and that its firewall and this network let ${portOf(endpoint)} through.`;
  if (endpoint.transport === "tls") {
    return failed(`No TLS connection to ${place}.`, `${remedy} Its certificate must be valid for the name in the URL.`);
  }
  return failed(`No answer from ${place}.`, remedy);
}

function otherFinding(outcome: UrlOutcome, transport: IceEndpoint["transport"]): Finding {
  const [error] = outcome.kind === "none" || outcome.kind === "timeout" ? outcome.errors : [];
  if (error !== undefined) {
    return failed(`The server refuses the request: ${error.text || "no reason"} (error ${error.code}).`);
  }
  return failed(
    "The server gave no address. This browser does not tell why.",
    `The server is down, ${transport === "udp" ? "UDP" : "the port"} is blocked, or the credential is wrong. Run this test in Chrome or Edge for the reason.`,
  );
}

export function udpFinding(tested: readonly TestedEndpoint[], reportsIceErrors: boolean): Finding {
  const answers = (wanted: readonly TestedEndpoint[]) => wanted.filter((each) => hasAnswered(each, reportsIceErrors));
  const overUdp = tested.filter(({ endpoint }) => endpoint.transport === "udp");
  if (overUdp.length === 0) return skipped("No ICE server is reached over UDP.");
  if (answers(overUdp).length > 0) return ok("UDP gets through to the ICE servers and back.");
  const others = answers(tested.filter(({ endpoint }) => endpoint.transport !== "udp"));
  const sameHost = others.some(({ endpoint }) => overUdp.some((dead) => dead.endpoint.host === endpoint.host));
  if (sameHost) {
    return failed(
      "UDP is blocked: the same server answers over TCP, but not over UDP.",
      "The firewall of this network or of the server blocks UDP. On the server, open the UDP ports that `yurt ports` lists.",
    );
  }
  if (others.length > 0)
    return failed("No ICE server answers over UDP, but others do over TCP. UDP is probably blocked.");
  return warning(
    "No ICE server answers over UDP or TCP, so it is unknown whether UDP is blocked.",
    "If this happens in every network, the ICE servers are down or their addresses are wrong.",
  );
}

export function natFinding({ mapped }: NatMapping): Finding {
  if (isSymmetric({ mapped })) {
    return warning(
      `Symmetric NAT: each server sees another port (${mapped.join(", ")}). Peers behind such a NAT need TURN.`,
    );
  }
  return ok("The NAT uses one public port for all servers: direct connections are possible.");
}

export function isSymmetric({ mapped }: NatMapping): boolean {
  return mapped.length > 1;
}
