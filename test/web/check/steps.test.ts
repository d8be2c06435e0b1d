import { expect, test } from "bun:test";
import { natEndpoints, turnByTransport } from "../../../src/web/check/diagnosis/steps.ts";
import { address, good, refused, silent, stun, tcp, tls, udp } from "./measured.ts";

test("the loop through TURN tries the transports that gave an address, UDP first", () => {
  const tried = (urls: typeof good.urls) =>
    turnByTransport({ ...good, urls: urls ?? {} }).map(([transport, servers]) => [
      transport,
      ...servers.map(({ url }) => url),
    ]);
  expect(tried({ [tls]: address, [tcp]: address, [udp]: address, [stun]: address })).toEqual([
    ["udp", udp],
    ["tcp", tcp],
    ["tls", tls],
  ]);
  expect(tried({ [udp]: silent, [tcp]: address, [tls]: refused(401) })).toEqual([["tcp", tcp]]);
  expect(tried({})).toEqual([]);
});

test("a NAT is judged by two STUN servers on different hosts that have answered, else not at all", () => {
  const other = "stun:other.example.com";
  const measured = (second: string, outcome = address) =>
    natEndpoints({
      ...good,
      ice: { kind: "list", source: "pasted", servers: [{ urls: [stun, second] }] },
      urls: { [stun]: address, [second]: outcome },
    }).map(({ url }) => url);
  expect(measured(other)).toEqual([stun, other]);
  expect(measured(other, silent)).toEqual([]);
  expect(measured("stun:turn.example.com:19302")).toEqual([]);
});
