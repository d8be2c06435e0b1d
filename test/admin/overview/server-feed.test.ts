import { expect, test } from "bun:test";
import { FigureHistory, sampleIntervalMs } from "../../../src/admin/overview/figure-history.ts";
import type { LogLevel } from "../../../src/admin/overview/log-feed.ts";
import { ServerFeed } from "../../../src/admin/overview/server-feed.ts";
import { createLog } from "../../../src/ops/log.ts";
import { RecentLog } from "../../../src/ops/recent-log.ts";
import { administrator, eventStreams, eventsOf } from "../../support/api/administrator-reader.ts";

function served(limits: Parameters<typeof eventStreams>[0] = {}) {
  const parts = eventStreams(limits);
  const facts = { updates: 0, cpuMicroseconds: 0, looks: 0 };
  parts.metrics.committedUpdates.readFrom(() => {
    facts.looks += 1;
    return facts.updates;
  });
  const process = { cpuMicroseconds: () => facts.cpuMicroseconds, residentBytes: () => 1_000 };
  const sources = { ...parts, process };
  const history = new FigureHistory(sources);
  const recent = new RecentLog();
  const log = createLog({
    level: "debug",
    pretty: false,
    destination: { write: () => {} },
    tap: (line) => recent.take(line),
  });
  const watched = { watchers: 0 };
  const watch: RecentLog["watch"] = (watcher) => {
    watched.watchers += 1;
    const stop = recent.watch(watcher);
    return () => {
      watched.watchers -= 1;
      stop();
    };
  };
  const feed = new ServerFeed({ ...sources, history, recent: { watch } });
  const open = (level?: LogLevel, { hasLeft = false } = {}) => {
    const { access, leave, reader } = administrator();
    if (hasLeft) leave();
    return { access, leave, response: feed.follow(reader, level) };
  };
  const follow = (level?: LogLevel) => {
    const { response, ...opened } = open(level);
    return { ...opened, events: eventsOf(response) };
  };
  return { ...parts, facts, follow, history, log, open, watched };
}

test("the figures come at once, of the last ten seconds or more, and then every two seconds of these alone", async () => {
  const { clock, facts, follow, metrics } = served();
  facts.updates = 100;
  facts.cpuMicroseconds = 1_000_000;
  metrics.traffic.of("y-websocket").connections = 3;
  clock.advance(sampleIntervalMs + 5);
  const { events } = follow();
  const [first] = await events();
  expect(first).toMatchObject({
    event: "figures",
    data: {
      ...{ time: "1970-01-01T00:00:10.005Z", connections: { "y-websocket": 3, hocuspocus: 0 }, residentBytes: 1_000 },
      ...{ updatesPerSecond: expect.closeTo(10, 1), cpuPercent: expect.closeTo(10, 1), boundHits: 0 },
      ...{ acknowledgementP50Ms: null, acknowledgementP99Ms: null, eventLoopLagP50Ms: null, eventLoopLagP99Ms: null },
    },
  });
  facts.updates = 106;
  metrics.bounds.met("limits.connections", 4);
  for (let count = 0; count < 100; count += 1) metrics.updateToAcknowledgement.observe(0.0015);
  clock.advance(1_999);
  expect(await events()).toEqual([]);
  clock.advance(1);
  expect(await events()).toMatchObject([{ data: { updatesPerSecond: 3, boundHits: 4, acknowledgementP50Ms: 1.5 } }]);
  clock.advance(2_000);
  expect(await events()).toMatchObject([{ data: { updatesPerSecond: 0, boundHits: 0, acknowledgementP50Ms: null } }]);
});

test("readers share one sample; without any, no sample is taken, and no timer but the history's runs", async () => {
  const { clock, facts, follow, history } = served();
  history.close();
  const [one, two] = [follow(), follow("info")];
  const before = facts.looks;
  clock.advance(2_000);
  expect(facts.looks).toBe(before + 1);
  for (const { events } of [one, two])
    expect((await events()).map(({ event }) => event)).toEqual(["figures", "figures"]);
  one.leave();
  two.leave();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(60_000);
  expect(facts.looks).toBe(before + 1);
});

test("the figures of two seconds are of these alone for a reader who follows after another one has left", async () => {
  const { clock, facts, follow } = served();
  follow().leave();
  facts.updates = 1_000;
  clock.advance(60_000);
  const { events } = follow();
  await events();
  facts.updates = 1_006;
  clock.advance(2_000);
  expect(await events()).toMatchObject([{ data: { updatesPerSecond: 3 } }]);
});

test("lines of the log of a level and above follow the figures", async () => {
  const { clock, follow, log } = served();
  const [warnings, all, none] = [follow("warn"), follow("debug"), follow()];
  log.debug({ event: "topic-refused", reason: "name" });
  log.warn({ event: "near-limit", remedy: "Raise it.", open: 7 });
  log.fatal({ event: "crashed" });
  clock.advance(250);
  const time = expect.stringMatching(/^\d{4}-.*Z$/);
  const warning = {
    event: "log",
    data: { time, level: "warn", event: "near-limit", remedy: "Raise it.", fields: { open: 7 } },
  };
  const crash = { event: "log", data: { time, level: "fatal", event: "crashed", remedy: null, fields: {} } };
  const refusal = { data: { level: "debug", event: "topic-refused", fields: { reason: "name" } } };
  expect((await warnings.events()).slice(1)).toEqual([warning, crash]);
  expect((await all.events()).slice(1)).toMatchObject([refusal, warning, crash]);
  expect((await none.events()).map(({ event }) => event)).toEqual(["figures"]);
});

test("of a burst of lines, 100 are sent, and the others counted; readers of a higher level lose none by it", async () => {
  const { clock, follow, log } = served();
  const [all, errors] = [follow("debug"), follow("error")];
  for (let count = 0; count < 130; count += 1) log.debug({ event: "burst", count });
  log.error({ event: "store-failed" });
  clock.advance(250);
  const sent = (await all.events()).slice(1);
  expect(sent.map(({ event }) => event)).toEqual([...Array<string>(100).fill("log"), "log-omitted"]);
  expect(sent.at(-1)?.data).toEqual({ omitted: 31 });
  expect((await errors.events()).slice(1)).toMatchObject([{ data: { event: "store-failed" } }]);
  log.debug({ event: "later" });
  clock.advance(250);
  expect((await all.events()).map(({ data }) => data["event"])).toEqual(["later"]);
});

test("the log is watched only while somebody reads its lines", async () => {
  const { clock, follow, history, log, watched } = served();
  history.close();
  const [figures, one, two] = [follow(), follow("debug"), follow("error")];
  expect(watched.watchers).toBe(1);
  log.debug({ event: "kept" });
  one.leave();
  expect(watched.watchers).toBe(1);
  two.leave();
  expect(watched.watchers).toBe(0);
  figures.leave();
  expect(clock.pendingTimers).toBe(0);
});

test("a reader who loses the permission is told so, and is sent nothing more", async () => {
  const { clock, follow, log, streams } = served();
  const { access, events } = follow("info");
  access.isAllowed = false;
  clock.advance(15_000);
  log.info({ event: "listening" });
  expect((await events()).at(-1)).toEqual({ event: "end", data: { code: "unauthorized" } });
  clock.advance(15_000);
  expect([await events(), streams.size]).toEqual([[], 0]);
});

test("a reader that is too slow is cut off, and its bound is counted", () => {
  const { clock, log, metrics, open, streams } = served({ apiEventBytes: 20_000 });
  open("debug");
  for (let round = 0; round < 10; round += 1) {
    for (let count = 0; count < 100; count += 1) log.debug({ event: "burst", text: "x".repeat(100) });
    clock.advance(250);
  }
  expect(streams.size).toBe(0);
  expect(metrics.bounds.hits()).toContainEqual({ bound: "limits.api-event-bytes", count: 1 });
});

test("a reader that leaves before its stream is open leaves nothing behind", () => {
  const { clock, history, open, streams } = served();
  history.close();
  open("debug", { hasLeft: true });
  expect([streams.size, clock.pendingTimers]).toEqual([0, 0]);
});
