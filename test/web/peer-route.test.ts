import { expect, test } from "bun:test";
import { type ConnectionStats, readRoute } from "../../src/web/demo/traffic/peer-route.ts";

function report(
  ...stats: readonly (ConnectionStats & { readonly id: string })[]
): ReadonlyMap<string, ConnectionStats> {
  return new Map(stats.map((each) => [each.id, each]));
}

const pair = {
  id: "P",
  type: "candidate-pair",
  state: "succeeded",
  nominated: true,
  localCandidateId: "L",
  remoteCandidateId: "R",
};
const transport = { id: "T", type: "transport", selectedCandidatePairId: "P" };
const host = (id: string) => ({ id, type: "local-candidate", candidateType: "host" });

test("a route between hosts or through a NAT is direct, with its round trip", () => {
  for (const candidateType of ["host", "srflx", "prflx"]) {
    const stats = report(transport, { ...pair, currentRoundTripTime: 0.002 }, host("L"), {
      ...host("R"),
      candidateType,
    });
    expect(readRoute(stats)).toEqual({ kind: "direct", roundTripMs: 2 });
  }
});

test.each(["udp", "tcp", "tls"] as const)(
  "a route through this window's TURN server over %s names it",
  (relayProtocol) => {
    const relay = { id: "L", type: "local-candidate", candidateType: "relay", relayProtocol };
    expect(readRoute(report(transport, pair, relay, host("R")))).toEqual({
      kind: "turn",
      turnTransport: relayProtocol,
    });
  },
);

test("a route through the peer's TURN server is no direct one, though its transport is unknown", () => {
  const stats = report(transport, pair, host("L"), { ...host("R"), candidateType: "relay" });
  expect(readRoute(stats)).toEqual({ kind: "turn" });
});

test("without statistics of the transport, as in Firefox, the selected pair counts", () => {
  const other = { ...pair, id: "Q", localCandidateId: "M", selected: true };
  const relay = { id: "M", type: "local-candidate", candidateType: "relay", relayProtocol: "udp" };
  expect(readRoute(report(pair, other, host("L"), relay, host("R")))?.kind).toBe("turn");
  expect(readRoute(report(pair, host("L"), host("R")))?.kind).toBe("direct");
});

test("a connection that has not settled has no route", () => {
  expect(readRoute(report({ ...pair, state: "in-progress" }, host("L"), host("R")))).toBeUndefined();
});
