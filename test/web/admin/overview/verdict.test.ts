import { describe, expect, test } from "bun:test";
import type { ServerFacts } from "../../../../src/client/server/administration.ts";
import type { WebhookFacts } from "../../../../src/client/webhook-endpoints.ts";
import { isBeyond } from "../../../../src/web/admin/overview/verdict/load-checks.ts";
import { thresholds } from "../../../../src/web/admin/overview/verdict/thresholds.ts";
import { type Observations, verdictOf, withoutState } from "../../../../src/web/admin/overview/verdict/verdict.ts";

const now = Date.parse("2026-11-30T12:00:00.000Z");
const ago = (ms: number) => new Date(now - ms).toISOString();
const minute = 60_000;
const day = 86_400_000;

const well: ServerFacts = {
  version: "1.0.0",
  startedAt: ago(3 * day),
  ready: true,
  notReady: [],
  disk: { availableBytes: 50e9 },
  backup: { lastSuccessAt: ago(3_600_000), lastFailureAt: null },
  cluster: null,
  certificate: { names: ["collab.example.com"], expiresAt: new Date(now + 60 * day).toISOString() },
  turn: { state: "listening", urls: ["turn:203.0.113.10:3478"], allocations: 2, users: 1 },
  memory: {
    residentBytes: 200e6,
    budgets: [
      { name: "documents", usedBytes: 268e6, limitBytes: 268e6 },
      { name: "outboxes", usedBytes: 1e6, limitBytes: 100e6 },
    ],
  },
  connections: { open: { "y-websocket": 100, hocuspocus: 20 }, limit: 1_000 },
  eventLoopLagMs: { p50: 1, p99: 4 },
  boundHits: [],
  problems: [],
};

const webhook: WebhookFacts = {
  id: "wh_1",
  url: "https://app.example.com/yurt",
  description: "",
  events: ["doc.updated"],
  documents: ["**"],
  include: null,
  debounceMs: 2_000,
  maxWaitMs: 10_000,
  enabled: true,
  disabled: null,
  failingSince: null,
  createdAt: ago(day),
};

/** Samples of ten minutes, one every 10 seconds. */
const times = Array.from({ length: 60 }, (_, index) => now - (59 - index) * 10_000);
const steady = (value: number | null) => ({ times, values: times.map(() => value) });

function verdict(changed: Partial<ServerFacts> = {}, observed: Partial<Observations> = {}) {
  return verdictOf({
    facts: { ...well, ...changed },
    eventLoopLagP99Ms: steady(4),
    acknowledgementP99Ms: steady(20),
    webhooks: [webhook],
    backupEveryMs: day,
    now,
    ...observed,
  });
}

function problem(event: string, level: string, { ageMs = minute, remedy = null as string | null } = {}) {
  return { time: ago(ageMs), level, event, remedy, fields: {} };
}

const ids = ({ findings }: ReturnType<typeof verdict>) => findings.map(({ id }) => id);

const shown = (checks: ReturnType<typeof verdict>["checks"]) => checks.map(({ label, value }) => `${label}: ${value}`);

test("a server without findings is well, and each check says how it is", () => {
  const { checks, findings, title, tone } = verdict();
  expect({ title, tone, findings }).toEqual({ title: "Nothing needs attention", tone: "good", findings: [] });
  expect(shown(checks)).toEqual([
    "Updates: Accepted",
    "Connections: 120 of 1,000",
    "Acknowledged: within 20 ms",
    "Event loop: 4 ms lag",
    "Memory: 200 MB",
    "Disk: 50 GB free",
    "Last backup: 1 hour ago",
    "Certificate: 60 d 0 h left",
    "TURN: 2 in use",
    "Webhooks: 1 of 1 enabled",
    "Errors, last hour: None",
  ]);
  expect(checks.every((check) => check.tone === "good")).toBe(true);
});

test("a server that does without something is well", () => {
  const { checks, tone } = verdict(
    { disk: null, backup: null, certificate: null, turn: null },
    { eventLoopLagP99Ms: steady(null), acknowledgementP99Ms: steady(null), webhooks: [] },
  );
  expect(tone).toBe("good");
  expect(checks.filter((check) => check.tone === "off").map(({ label }) => label)).toEqual([
    "Acknowledged",
    "Event loop",
    "Disk",
    "Last backup",
    "Certificate",
    "TURN",
    "Webhooks",
  ]);
});

test("a server of a cluster shows the database and the other nodes instead of a disk and backups of its own", () => {
  const cluster = { database: "db.example.com/yurt", otherNodes: 2, leads: true };
  const { checks, tone } = verdict({ cluster, disk: { availableBytes: 1 }, backup: null });
  expect(tone).toBe("good");
  expect(shown(checks)).toEqual(
    expect.arrayContaining([
      "Database: db.example.com/yurt",
      "Other nodes: 2",
      "Disk: Documents are in the database",
      "Last backup: Not made by Yurt",
    ]),
  );
  const alone = verdict({ cluster: { ...cluster, otherNodes: 0 } });
  expect(shown(alone.checks)).toContain("Other nodes: None");
});

test.each<[string, Partial<ServerFacts>, string, "busy" | "away"]>([
  [
    "is not ready",
    { ready: false, notReady: ["the server stops"] },
    "No updates are accepted: the server stops",
    "away",
  ],
  ["has little space", { disk: { availableBytes: 0.9e9 } }, "The disk is almost full: 900 MB free", "away"],
  [
    "has an old backup",
    { backup: { lastSuccessAt: ago(3 * day), lastFailureAt: null } },
    "The latest backup is 3 d 0 h old",
    "busy",
  ],
  ["has no backup", { backup: { lastSuccessAt: null, lastFailureAt: null } }, "There is no backup yet", "busy"],
  [
    "could not make the last backup",
    { backup: { lastSuccessAt: ago(2 * 3_600_000), lastFailureAt: ago(10 * minute) } },
    "The last backup failed 10 minutes ago",
    "busy",
  ],
  [
    "has a certificate that expires soon",
    {
      certificate: { names: ["a.example", "b.example", "c.example"], expiresAt: new Date(now + 2 * day).toISOString() },
    },
    "The certificate of a.example, b.example expires in 2 d 0 h",
    "busy",
  ],
  [
    "has a certificate that has expired",
    { certificate: { names: ["a.example"], expiresAt: ago(1) } },
    "The certificate of a.example has expired",
    "away",
  ],
  [
    "has a budget that is nearly used up",
    { memory: { residentBytes: 1, budgets: [{ name: "departed-inboxes", usedBytes: 9e6, limitBytes: 10e6 }] } },
    "The memory for departed inboxes is nearly used up: 9 MB of 10 MB",
    "busy",
  ],
  [
    "has nearly as many connections as it may have",
    { connections: { open: { peerjs: 450, hocuspocus: 450 }, limit: 1_000 } },
    "900 of 1,000 connections are open",
    "busy",
  ],
  [
    "does not listen for TURN",
    { turn: { state: "not-listening", urls: [], allocations: 0, users: 0 } },
    "TURN is not listening",
    "busy",
  ],
  [
    "has had an error twice",
    { problems: [problem("turn-message-failed", "error"), problem("turn-message-failed", "error")] },
    "TURN message failed 2 times, 1 minute ago",
    "away",
  ],
])("a server needs attention that %s", (_, changed, title, tone) => {
  const found = verdict(changed);
  expect(found.title).toBe("1 thing needs attention");
  expect(found.tone).toBe(tone);
  expect(found.findings).toMatchObject([{ title, tone }]);
  expect(found.findings[0]?.remedy).toMatch(/\.$/);
});

test("the worst findings come first, and are counted in the title", () => {
  const found = verdict({
    turn: { state: "not-listening", urls: [], allocations: 0, users: 0 },
    disk: { availableBytes: 1 },
  });
  expect(found).toMatchObject({ title: "2 things need attention", tone: "away" });
  expect(ids(found)).toEqual(["disk", "turn"]);
});

test("a server that does not tell its state any more is not well, and what was seen last has no state", () => {
  const unknown = withoutState(verdict());
  expect(unknown).toMatchObject({ tone: "away", title: "The state of the server is unknown", findings: [] });
  expect(unknown.checks.map(({ value }) => value)).toContain("50 GB free");
  expect(unknown.checks.every((check) => check.tone === "off")).toBe(true);
});

describe("an error of the log", () => {
  test("that another finding explains is none of its own, and gives its remedy", () => {
    const remedy = "Mount the volume again.";
    const found = verdict({
      ready: false,
      notReady: ["the data folder, or a file in it, is not in its place"],
      problems: [problem("data-folder-gone", "error", { remedy }), problem("sync-failed", "error")],
    });
    expect(found.findings).toMatchObject([{ id: expect.stringMatching(/^not-ready/), remedy }]);
  });

  test("counts for an hour; a warning does not", () => {
    const old = problem("store-failed", "error", { ageMs: thresholds.errorMs });
    expect(ids(verdict({ problems: [problem("webhook-failed", "warn"), old] }))).toEqual([]);
    const recent = problem("store-failed", "error", { ageMs: thresholds.errorMs - 1 });
    expect(ids(verdict({ problems: [recent] }))).toEqual(["error: store-failed"]);
  });
});

describe("a backup", () => {
  test("may be twice as old as the interval of a slow schedule", () => {
    const backup = { lastSuccessAt: ago(10 * day), lastFailureAt: null };
    expect(ids(verdict({ backup }, { backupEveryMs: 7 * day }))).toEqual([]);
    expect(ids(verdict({ backup }, { backupEveryMs: undefined }))).toEqual(["backup"]);
  });

  test("is not missed right after the start", () => {
    const backup = { lastSuccessAt: null, lastFailureAt: null };
    expect(ids(verdict({ backup, startedAt: ago(thresholds.firstBackupMs) }))).toEqual([]);
  });

  test("that succeeded after a failure is well", () => {
    expect(ids(verdict({ backup: { lastSuccessAt: ago(minute), lastFailureAt: ago(2 * minute) } }))).toEqual([]);
  });
});

describe("a webhook", () => {
  const found = (changed: Partial<WebhookFacts>) => verdict({}, { webhooks: [{ ...webhook, ...changed }] }).findings;

  test("that fails needs attention after some minutes", () => {
    expect(found({ failingSince: ago(thresholds.webhookMs - 1) })).toEqual([]);
    expect(found({ failingSince: ago(20 * minute) })).toMatchObject([
      { title: "The webhook to app.example.com has failed for 20 min 0 s", link: { path: ["webhooks", "wh_1"] } },
    ]);
  });

  test("that the server has disabled needs attention; one that somebody has disabled does not", () => {
    const at = ago(day);
    const title = "The webhook to app.example.com is disabled: the application answered 410";
    expect(found({ disabled: { reason: "gone", at }, failingSince: at })).toMatchObject([{ title }]);
    expect(found({ disabled: { reason: "failing", at } })).toHaveLength(1);
    expect(found({ disabled: { reason: "request", at }, failingSince: at })).toEqual([]);
  });

  test("is none of a server without documents", () => {
    expect(verdict({}, { webhooks: undefined }).checks.map(({ label }) => label)).not.toContain("Webhooks");
  });
});

describe("a server is slow", () => {
  const lastMinutes = (value: number, minutes: number) => ({
    times,
    values: times.map((time) => (time > now - minutes * minute ? value : 1)),
  });

  test("if half of the last five minutes was beyond the threshold", () => {
    const slow = verdict({}, { eventLoopLagP99Ms: lastMinutes(150, 3), acknowledgementP99Ms: lastMinutes(700, 3) });
    expect(ids(slow)).toEqual(["acknowledgement", "event-loop"]);
  });

  test("not for a short while", () => {
    const brief = verdict({}, { eventLoopLagP99Ms: lastMinutes(150, 2), acknowledgementP99Ms: lastMinutes(700, 2) });
    expect(ids(brief)).toEqual([]);
  });

  test("not on the word of a few measurements", () => {
    const few = { times: times.slice(-3), values: [900, 900, 900] };
    expect(isBeyond(few, 500)).toBe(false);
    expect(isBeyond({ times: [], values: [] }, 500)).toBe(false);
  });
});
