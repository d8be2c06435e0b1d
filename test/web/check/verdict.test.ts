import { expect, test } from "bun:test";
import type { Measurements } from "../../../src/web/check/diagnosis/measurements.ts";
import { verdictOf } from "../../../src/web/check/diagnosis/verdict.ts";
import {
  address,
  broken,
  good,
  page,
  refused,
  server,
  silent,
  stun,
  tcp,
  throughTurn,
  tls,
  udp,
  withoutTurn,
  withoutUdp,
} from "./measured.ts";

const without = ({ ...measurements }: Measurements, ...names: (keyof Measurements)[]): Measurements => {
  for (const name of names) delete measurements[name];
  return measurements;
};
const allTurn = (outcome: ReturnType<typeof refused>) => ({ [udp]: outcome, [tcp]: outcome, [tls]: outcome });
const denied = { kind: "denied", code: "expired", reason: "token expired" } as const;
const closed = { kind: "closed", code: 1006, reason: "" } as const;

test.each<[string, Measurements, string, RegExp]>([
  ["everything works", good, "Peers connect directly", /other peer's network blocks UDP, TURN works/],
  ["UDP is blocked", withoutUdp, "Peers connect through TURN over TCP", /UDP does not get through/],
  [
    "UDP is blocked and only TLS passes",
    { ...withoutUdp, turnLoop: { ...throughTurn, protocol: "tls" } },
    "Peers connect through TURN over TLS",
    /UDP does not get through/,
  ],
  [
    "the NAT is symmetric",
    { ...good, nat: { mapped: ["203.0.113.5:1", "203.0.113.5:2"] } },
    "Peers connect through TURN over UDP",
    /symmetric NAT/,
  ],
  [
    "the NAT is symmetric and TURN is dead",
    without(
      { ...good, urls: { [stun]: address, ...allTurn(silent) }, nat: { mapped: ["203.0.113.5:1", "203.0.113.5:2"] } },
      "turnLoop",
    ),
    "Peers connect only through the relay",
    /TURN server does not answer/,
  ],
  [
    "TURN refuses the credential",
    without({ ...good, urls: { [stun]: address, ...allTurn(refused(401)) } }, "turnLoop"),
    "Peers connect directly",
    /TURN does not work \(TURN refuses the credential\)/,
  ],
  [
    "no ICE server answers",
    without({ ...good, urls: { [stun]: silent, ...allTurn(silent) } }, "turnLoop"),
    "Peers connect only through the relay",
    /UDP does not get through, and the TURN server does not answer/,
  ],
  [
    "UDP is blocked and TURN refuses the credential over TCP",
    without({ ...good, urls: { [stun]: silent, [udp]: silent, [tcp]: refused(401), [tls]: refused(401) } }, "turnLoop"),
    "Peers connect only through the relay",
    /UDP does not get through, and TURN refuses the credential/,
  ],
  [
    "UDP is blocked and the relay ports are closed",
    { ...withoutUdp, turnLoop: broken },
    "Peers connect only through the relay",
    /No data comes back through TURN/,
  ],
  ["TURN is off", withoutTurn, "Peers connect directly in the same network only", /TURN is switched off/],
  [
    "the list cannot be loaded",
    { ...withoutTurn, ice: { kind: "failed", status: 500 } },
    "Peers connect directly in the same network only",
    /could not be loaded/,
  ],
  [
    "TURN is off and there is no local address",
    { ...withoutTurn, directLoop: broken },
    "Peers connect only through the relay",
    /switched off/,
  ],
  [
    "the browser limits direct connections",
    { ...good, host: { addresses: ["10.0.0.1"], isHidden: false }, directLoop: broken },
    "Peers connect through TURN over UDP",
    /do not work here/,
  ],
  [
    "hidden addresses are not resolved here",
    { ...good, directLoop: broken },
    "Peers connect directly",
    /UDP gets through/,
  ],
  [
    "signaling fails",
    { ...good, signaling: closed },
    "Peers connect only through the relay",
    /Signaling does not work/,
  ],
  [
    "signaling is denied",
    { ...good, access: { hasToken: true, sync: { kind: "granted", access: "write" }, signaling: denied } },
    "Peers connect only through the relay",
    /denies access to signaling/,
  ],
  ["the relay fails", { ...good, relay: closed }, "Peers connect directly", /The relay, however, does not work/],
  [
    "the browser has no WebRTC",
    { ...good, page: { ...page, hasWebrtc: false } },
    "Peers connect only through the relay",
    /no WebRTC/,
  ],
  [
    "no WebSocket opens",
    { ...good, relay: { kind: "refused" }, signaling: { kind: "refused" } },
    "WebSockets do not get through",
    /HTTP/,
  ],
  ["the server is down", { ...good, server: { kind: "unreachable" } }, "The server does not answer", /./],
  [
    "a proxy answers for the server",
    { ...good, server: { kind: "refused", status: 502 } },
    "The server does not answer",
    /./,
  ],
  [
    "a token is needed",
    { ...good, access: { sync: denied, signaling: denied, hasToken: false } },
    "An access token is required",
    /Paste a token/,
  ],
  [
    "the token has expired",
    { ...good, access: { sync: denied, signaling: denied, hasToken: true } },
    "The server denies access",
    /token expired/,
  ],
])("where %s, the verdict is right", (_, measurements, title, text) => {
  const verdict = verdictOf(measurements);
  expect(verdict.title).toBe(title);
  expect(verdict.text).toMatch(text);
});

test("a server without documents has no relay to fall back on", () => {
  const signalingOnly = { ...server, isSyncServed: false };
  const verdict = verdictOf(without({ ...good, server: signalingOnly, signaling: { kind: "refused" } }, "relay"));
  expect(verdict).toMatchObject({ title: "Peers do not connect", tone: "failed" });
});

test("only a connection that works without limits is shown as good", () => {
  expect(verdictOf(good).tone).toBe("ok");
  expect(verdictOf(withoutUdp).tone).toBe("ok");
  expect(verdictOf(withoutTurn).tone).toBe("warning");
  expect(verdictOf({ ...good, server: { kind: "unreachable" } }).tone).toBe("failed");
});
