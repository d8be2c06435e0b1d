import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createLog } from "../../src/ops/log.ts";
import * as sets from "../../src/ops/metrics/label-values.ts";
import { workKinds } from "../../src/transport/work.ts";
import { secret } from "../support/bytes/tokens.ts";
import { eventually } from "../support/eventually.ts";
import {
  allowedOrigin,
  provokeMarkedRefusals,
  refusalEvents,
  refusingLimits,
} from "../support/hostile/marked-refusals.ts";
import { type MarkedTraffic, markedAddress, marker, openMarkedTraffic } from "../support/hostile/marked-traffic.ts";
import { type Metric, parseMetrics } from "../support/prometheus-text.ts";
import { startTestServer, type TestServer } from "../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

/** All lines of the server's log, of every level. */
const lines: string[] = [];
const log = createLog({ level: "trace", pretty: false, destination: { write: (line) => lines.push(line) } });

let server: TestServer;
let traffic: MarkedTraffic;
let text: string;
let metrics: ReadonlyMap<string, Metric>;

beforeAll(async () => {
  server = await startTestServer({
    auth: { mode: "token", secrets: [secret] },
    metricsAddress: { host: "127.0.0.1", port: 0 },
    proxies: ["127.0.0.1"],
    origins: [allowedOrigin],
    limits: refusingLimits,
    log,
  });
  traffic = await openMarkedTraffic(server);
  await eventually("acknowledged", async () => {
    await read();
    return sumOf("yurt_update_to_acknowledgement_seconds", {}, "_count") > 0;
  });
});

afterAll(async () => {
  await traffic[Symbol.asyncDispose]();
  await server.stop();
});

async function read(): Promise<void> {
  text = await (await fetch(server.metricsUrl ?? "")).text();
  metrics = parseMetrics(text);
}

/** The sum of the samples of a metric with these labels. */
function sumOf(name: string, labels: Readonly<Record<string, string>> = {}, suffix = ""): number {
  const samples = metrics.get(name)?.samples ?? [];
  const matching = samples.filter(
    (sample) =>
      sample.name === name + suffix && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return matching.reduce((sum, { value }) => sum + value, 0);
}

const byProtocol = (name: string) =>
  Object.fromEntries(
    (metrics.get(name)?.samples ?? []).flatMap(({ labels, value }) => (value > 0 ? [[labels["protocol"], value]] : [])),
  );

test("GET /metrics counts what clients of a server do", () => {
  expect({
    documents: sumOf("yurt_rooms", { kind: "sync" }),
    topics: sumOf("yurt_rooms", { kind: "signaling" }),
    refusedUpgrades: sumOf("yurt_refused_upgrades_total", { reason: "unauthenticated" }),
    denials: sumOf("yurt_access_denials_total", { kind: "upgrade", code: "malformed-token" }),
    ready: sumOf("yurt_ready"),
  }).toEqual({ documents: 1, topics: 4, refusedUpgrades: 1, denials: 1, ready: 1 });
  expect(sumOf("yurt_committed_updates_total")).toBeGreaterThan(0);
  expect(sumOf("yurt_database_bytes", { file: "database" })).toBeGreaterThan(0);
  expect(sumOf("yurt_database_bytes", { file: "wal" })).toBeGreaterThan(0);
  expect(sumOf("yurt_journal_bytes")).toBeGreaterThan(0);
  expect(sumOf("yurt_disk_available_bytes")).toBeGreaterThan(2 ** 20);
});

test("GET /metrics shows connections and sessions by protocol", () => {
  expect(byProtocol("yurt_connections")).toEqual({
    ...{ "y-websocket": 2, hocuspocus: 3, "json-signaling": 6, peerjs: 1, "engine.io": 1 },
  });
  const dialects = { "y-webrtc": 1, cliffy: 1, octatecode: 1, "octatecode-editor": 1, "octatecode-peers": 1 };
  const sessions = { "y-websocket": 2, hocuspocus: 3, ...dialects, peerjs: 1, peers: 1, "engine.io": 1 };
  expect(byProtocol("yurt_sessions")).toEqual(sessions);
  expect(byProtocol("yurt_opened_sessions_total")).toMatchObject(sessions);
});

test("GET /metrics counts frames and bytes of every protocol, in both directions", () => {
  for (const protocol of sets.wireProtocols) {
    for (const direction of ["received", "sent"]) {
      const frames = sumOf(`yurt_${direction}_frames_total`, { protocol });
      expect(frames).toBeWithin(1, 1_000);
      expect(sumOf(`yurt_${direction}_bytes_total`, { protocol })).toBeGreaterThan(frames);
    }
  }
  expect(sumOf("yurt_published_frames_total", { protocol: "y-websocket" })).toBeGreaterThan(0);
  expect(sumOf("yurt_deliveries_total", { protocol: "y-websocket" })).toBeGreaterThan(0);
});

describe("after refusals", () => {
  const tokens: string[] = [];
  beforeAll(async () => {
    tokens.push(...traffic.tokens, ...(await provokeMarkedRefusals(server.url, server.wsUrl)));
    const isRefused = () => refusalEvents.every((event) => lines.some((line) => JSON.parse(line).event === event));
    await eventually("refused", isRefused);
    await read();
  });

  test("every label has a value of its fixed set, whatever clients send", () => {
    const allowed: Readonly<Record<string, ReadonlySet<string>>> = {
      protocol: new Set(sets.protocolNames),
      reason: new Set([
        ...[...sets.closeReasonNames, ...sets.upgradeRefusals, ...sets.turnDropReasons],
        ...["budget", "quiet", "document-too-large"],
      ]),
      bound: new Set([...sets.boundNames, ...sets.messageBounds]),
      budget: new Set(sets.budgetNames),
      kind: new Set([...workKinds, ...sets.denialKinds]),
      code: new Set([...sets.denialCodes, ...sets.turnErrorCodes.map(String)]),
      transport: new Set(sets.turnTransports),
      direction: new Set(sets.turnDirections),
      outcome: new Set([
        ...sets.compactionOutcomes,
        ...sets.recordingOutcomes,
        ...sets.mailboxOutcomes,
        ...sets.webhookOutcomes,
        ...sets.certificateOutcomes,
        ...sets.apiOutcomes,
        ...sets.changeWebhookOutcomes,
      ]),
      source: new Set(sets.certificateSources),
      part: new Set(sets.historyParts),
      state: new Set(["enabled", "disabled"]),
      operation: new Set(sets.storeOperations),
      file: new Set(["database", "wal"]),
      bun: new Set([Bun.version]),
    };
    const isAllowed = ([label, value]: readonly [string, string]) =>
      label === "version" || (label === "le" ? /^[\d.e-]+$|^\+Inf$/.test(value) : allowed[label]?.has(value) === true);
    const labels = [...metrics.values()].flatMap(({ samples }) =>
      samples.flatMap((each) => Object.entries(each.labels)),
    );
    expect(labels.length).toBeGreaterThan(300);
    expect(labels.filter((label) => !isAllowed(label))).toEqual([]);
  });

  test("the metrics name no room, user, token or address, and quote nothing", () => {
    const words = [marker, markedAddress, "127.0.0.1", ...tokens];
    expect(words.filter((word) => text.includes(word))).toEqual([]);
  });

  test("the log quotes no token, secret, query or content, and names no room", () => {
    const words = [marker, ...tokens];
    expect(lines.filter((line) => words.some((word) => line.includes(word)))).toEqual([]);
  });

  test("the metrics count each bound by its option", () => {
    const met = (metrics.get("yurt_bound_hits_total")?.samples ?? []).filter(({ value }) => value > 0);
    expect(new Set(met.map(({ labels }) => labels["bound"]))).toEqual(
      new Set([
        ...["limits.address-upgrades-per-second", "limits.authentication-ms", "limits.document-bytes"],
        ...["limits.stateless-length", "limits.name-bytes"],
      ]),
    );
  });
});
