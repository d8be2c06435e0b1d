import { expect, test } from "bun:test";
import type { Measurements, UrlOutcome } from "../../../src/web/check/diagnosis/measurements.ts";
import { type Row, rowsOf } from "../../../src/web/check/diagnosis/rows.ts";
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
  withErrors,
  withoutTurn,
  withoutUdp,
} from "./measured.ts";

const done = { running: [], isDone: true } as const;

function rowOf(measurements: Measurements, id: Row["id"]): Row | undefined {
  return rowsOf(measurements, done).find((row) => row.id === id);
}

/** The state, text and remedy of a row, as one text. */
function textOf(measurements: Measurements, id: Row["id"]): string {
  const row = rowOf(measurements, id);
  return [row?.state, row?.finding?.text, row?.finding?.remedy].filter(Boolean).join(" | ");
}

test("in a good test every row is ok, and no row has a remedy", () => {
  const rows = rowsOf(good, done);
  expect(rows.filter(({ state }) => state !== "ok")).toEqual([]);
  expect(rows.filter(({ finding }) => finding?.remedy !== undefined)).toEqual([]);
  expect(rows.map(({ title }) => title)).toEqual([
    ...["This page", "Server", "Access", "Signaling", "Relay", "List of ICE servers"],
    ...["STUN over UDP", "TURN over UDP", "TURN over TCP", "TURN over TLS", "UDP"],
    ...["Local addresses", "Direct loop", "Loop through TURN"],
  ]);
});

test("before a step has ended its row waits or runs, and a step that made no sense says why", () => {
  const states = (measurements: Measurements, isDone: boolean) =>
    Object.fromEntries(
      rowsOf(measurements, { running: isDone ? [] : ["server"], isDone }).map(({ id, state }) => [id, state]),
    );
  expect(states({}, false)).toMatchObject({ server: "running", signaling: "waiting", "turn-loop": "waiting" });
  const down: Measurements = { page, server: { kind: "unreachable" } };
  expect(states(down, true)).toMatchObject({
    server: "failed",
    signaling: "skipped",
    relay: "skipped",
    ice: "skipped",
  });
  expect(textOf(down, "signaling")).toBe("skipped | The server does not answer.");
  expect(textOf(withoutTurn, "turn-loop")).toBe("skipped | There is no TURN server to test.");
  expect(textOf(withoutTurn, "udp")).toContain("skipped");
});

test("without the list of ICE servers, the rows that need it name the cause", () => {
  const down: Measurements = { page, server: { kind: "unreachable" } };
  const denial = { kind: "denied", reason: "no token", code: "no-token" } as const;
  const access = { sync: denial, signaling: denial, hasToken: false };
  const denied: Measurements = { page, server, access };
  for (const id of ["ice", "udp", "turn-loop"] as const) {
    expect(textOf(down, id)).toBe("skipped | The server does not answer.");
    expect(textOf(denied, id)).toBe("skipped | The server denies access.");
  }
  expect(textOf({ page, server }, "udp")).toBe("skipped | There are no ICE servers to test with.");
});

test.each<[string, UrlOutcome, RegExp]>([
  [
    "wrong credential",
    refused(401, "Unauthorized"),
    /^failed .* refuses the username or password \(error 401\).*turn\.secret/,
  ],
  ["dead server", silent, /^failed .* No answer from turn\.example\.com, UDP port 3478.*firewall/],
  [
    "a name without an address",
    refused(701, "TURN host lookup received error."),
    /^failed .* name turn\.example\.com cannot be resolved/,
  ],
  ["a timeout of the test", { kind: "timeout", errors: [], elapsedMs: 14_000 }, /^failed .* No answer/],
  ["the quota", refused(486, "Allocation Quota Reached"), /^failed .* error 486.*limits/],
  ["a full server", refused(508, "Insufficient Capacity"), /^failed .* error 508.*relay-ports/],
  ["a forbidden address", refused(403, "Forbidden"), /^failed .* error 403/],
  [
    "a port that browsers refuse",
    refused(500, "Attempt to start allocation to a disallowed port"),
    /^failed .* do not connect to a TURN server on port 3478/,
  ],
  ["another error", refused(442, "Unsupported Transport"), /^failed .* Unsupported Transport \(error 442\)/],
  ["a bad URL", { kind: "invalid", message: "no credential" }, /^failed .* no credential/],
  [
    "one network of several",
    withErrors({ code: 701, text: "timed out" }, { code: 401, text: "" }),
    /^failed .* error 401/,
  ],
])("an ICE server's fault is told: %s", (_, outcome, text) => {
  expect(textOf({ ...good, urls: { ...good.urls, [udp]: outcome } }, `url:${udp}`)).toMatch(
    new RegExp(text.source.replaceAll(" .* ", ".*"), "s"),
  );
});

test("a TURN server that gives neither an address nor an error is not reached", () => {
  expect(textOf({ ...good, urls: { ...good.urls, [tcp]: withErrors() } }, `url:${tcp}`)).toMatch(
    /^failed .* No answer from turn\.example\.com, TCP port 3478/,
  );
  expect(textOf({ ...good, urls: { ...good.urls, [stun]: withErrors() } }, `url:${stun}`)).toMatch(
    /^ok .* There is no NAT/,
  );
});

test("a browser that hides the reason gets all causes named", () => {
  const silentPage = { ...page, reportsIceErrors: false };
  expect(textOf({ ...good, page: silentPage, urls: { ...good.urls, [tcp]: withErrors() } }, `url:${tcp}`)).toMatch(
    /^failed.*does not tell why.*credential/,
  );
  expect(textOf({ ...good, page: silentPage, urls: { ...good.urls, [stun]: withErrors() } }, `url:${stun}`)).toMatch(
    /^warning.*does not tell which/,
  );
});

test.each<[string, Measurements, RegExp]>([
  ["blocked", withoutUdp, /^failed \| UDP is blocked: the same server answers over TCP/],
  ["passes", good, /^ok/],
  [
    "passes, since a refusal came back",
    { ...good, urls: { ...good.urls, [stun]: silent, [udp]: refused(401) } },
    /^ok/,
  ],
  [
    "unknown",
    { ...good, urls: { [stun]: silent, [udp]: silent, [tcp]: silent, [tls]: silent } },
    /^warning.*unknown whether/,
  ],
  [
    "not used",
    { ...good, ice: { kind: "list", source: "pasted", servers: [{ urls: tcp }] }, urls: { [tcp]: address } },
    /^skipped/,
  ],
])("the row of UDP: %s", (_, measurements, text) => {
  expect(textOf(measurements, "udp")).toMatch(text);
});

const denied = { kind: "denied", code: "no-token", reason: "no token" } as const;

test.each<[string, Measurements, Row["id"], RegExp]>([
  [
    "no token",
    {
      ...good,
      server: { ...server, mode: "token" },
      access: { sync: denied, signaling: denied, hasToken: false },
    },
    "access",
    /requires an access token.*yurt token 'yurt-check'`/,
  ],
  [
    "the token of another room",
    { ...good, access: { sync: { ...denied, code: "wrong-room" }, signaling: denied, hasToken: true } },
    "access",
    /not for the room yurt-check.*Name a room in this page/,
  ],
  [
    "read only",
    {
      ...good,
      access: {
        sync: { kind: "granted", access: "read" },
        signaling: { kind: "granted", access: "read" },
        hasToken: true,
      },
    },
    "access",
    /^warning.*only read/,
  ],
  [
    "the origin",
    {
      ...good,
      signaling: {
        kind: "refused",
        message:
          'Pages of the origin "https://x" may not connect. Add the origin to --auth-origins if its pages may connect.',
      },
    },
    "signaling",
    /for its origin.*--auth-origins/,
  ],
  [
    "a proxy without upgrades",
    { ...good, relay: { kind: "refused" } },
    "relay",
    /although the server answers HTTP.*reverse proxy.*upgrades/,
  ],
  ["a silent proxy", { ...good, relay: { kind: "silent", during: "answer" } }, "relay", /no message comes back/],
  [
    "a restart",
    { ...good, relay: { kind: "closed", code: 1012, reason: "the server restarts" } },
    "relay",
    /the server restarts \(code 1012\).*again in a minute/,
  ],
  ["a full disk", { ...good, server: { ...server, isReady: false } }, "server", /^warning.*cannot store changes/],
  [
    "a gone server behind a proxy",
    { ...good, server: { kind: "refused", status: 502 } },
    "server",
    /502.*does not reach Yurt/,
  ],
  ["plain HTTP", { ...good, page: { ...page, isSecure: false } }, "page", /^warning.*HTTPS/],
  ["TURN off", withoutTurn, "ice", /^warning.*TURN is switched off.*turn\.enabled/],
  [
    "STUN only",
    { ...good, ice: { kind: "list", source: "server", servers: [{ urls: stun }] } },
    "ice",
    /^warning.*none of a TURN server/,
  ],
  ["no list", { ...good, ice: { kind: "failed", status: 429 } }, "ice", /^warning.*429/],
  [
    "a NAT with a port for each server",
    { ...good, nat: { mapped: ["192.0.2.1:1", "192.0.2.1:2"] } },
    "nat",
    /^warning.*Symmetric NAT/,
  ],
  ["closed relay ports", { ...good, turnLoop: broken }, "turn-loop", /^failed.*relay ports.*turn\.external-address/],
  ["a slow TURN", { ...good, turnLoop: { ...throughTurn, bitsPerSecond: 1e5 } }, "turn-loop", /^warning.*slowly/],
  ["hidden addresses", { ...good, directLoop: broken }, "direct-loop", /^warning.*random names/],
  [
    "a firewall on the computer",
    { ...good, host: { addresses: ["10.0.0.1"], isHidden: false }, directLoop: broken },
    "direct-loop",
    /^failed.*VPN/,
  ],
  ["no local address", { ...good, host: { addresses: [], isHidden: false } }, "host", /^failed.*policy/],
])("the sentence and the remedy fit: %s", (_, measurements, id, text) => {
  expect(textOf(measurements, id)).toMatch(text);
});
