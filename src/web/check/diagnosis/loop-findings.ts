import { bitRate, type Finding, failed, milliseconds, ok, warning } from "./finding.ts";
import type { HostAddresses, LoopOutcome, RelayProtocol } from "./measurements.ts";

export const protocolNames: Readonly<Record<RelayProtocol, string>> = { udp: "UDP", tcp: "TCP", tls: "TLS" };

/** Below this rate the text of a document still travels at once, but a large one takes seconds. */
const slowBitsPerSecond = 500_000;

export function turnLoopFinding(outcome: LoopOutcome): Finding {
  if (outcome.kind === "failed") {
    return failed(
      outcome.during === "connecting"
        ? "The server allocates an address, but no data comes back through it."
        : `The connection through TURN broke: ${outcome.detail}.`,
      "Open the relay ports (`turn.relay-ports`, UDP) in the server's firewall, and check `turn.external-address`. `yurt doctor` tests the same from the server.",
    );
  }
  const { protocol, bitsPerSecond } = outcome;
  const way = protocol === undefined ? "TURN" : `TURN over ${protocolNames[protocol]}`;
  if (bitsPerSecond < slowBitsPerSecond) {
    return { ...warning(`Data goes through ${way}, but slowly.`), figures: figuresOf(outcome) };
  }
  return ok(`Data goes through ${way} and back.`, figuresOf(outcome));
}

export function directLoopFinding(outcome: LoopOutcome, host: HostAddresses | undefined): Finding {
  if (outcome.kind === "connected") {
    return ok("Two connections of this page reach each other directly.", figuresOf(outcome));
  }
  if (outcome.during === "sending") return failed(`The direct connection broke: ${outcome.detail}.`);
  if (host?.isHidden === true) {
    return warning(
      "Two connections of this page do not reach each other: this network does not resolve the random names that hide local addresses.",
      "Peers in the same network then need STUN or TURN.",
    );
  }
  return failed(
    "Two connections of this page do not reach each other.",
    "A firewall on this computer, a VPN or a policy of the browser blocks direct connections.",
  );
}

function figuresOf({ roundTripMs, bitsPerSecond }: LoopOutcome & { readonly kind: "connected" }): string {
  return `${milliseconds(roundTripMs)} · ${bitRate(bitsPerSecond)}`;
}
