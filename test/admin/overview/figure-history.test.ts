import { expect, test } from "bun:test";
import { FigureHistory, sampleIntervalMs } from "../../../src/admin/overview/figure-history.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function observed() {
  const [clock, metrics] = [new FakeClock(0), createMetrics()];
  const facts = { updates: 0, cpuMicroseconds: 0 };
  metrics.committedUpdates.readFrom(() => facts.updates);
  const process = { cpuMicroseconds: () => facts.cpuMicroseconds, residentBytes: () => 1_000 };
  return { clock, facts, metrics, history: new FigureHistory({ clock, metrics, process }) };
}

test("a sample has the rates, the latencies and the bounds of its ten seconds alone", () => {
  const { clock, facts, history, metrics } = observed();
  facts.updates = 50;
  facts.cpuMicroseconds = 2_500_000;
  metrics.traffic.of("hocuspocus").connections = 3;
  metrics.bounds.met("limits.connections", 4);
  for (let count = 0; count < 100; count += 1) metrics.updateToAcknowledgement.observe(0.0015);
  clock.advance(sampleIntervalMs);
  metrics.updateToAcknowledgement.observe(0.3);
  metrics.eventLoopLag.observe(0.0001);
  clock.advance(sampleIntervalMs);
  clock.advance(sampleIntervalMs);
  expect(history.figures()).toMatchObject({
    times: ["1970-01-01T00:00:10.000Z", "1970-01-01T00:00:20.000Z", "1970-01-01T00:00:30.000Z"],
    connections: { "y-websocket": [0, 0, 0], hocuspocus: [3, 3, 3] },
    updatesPerSecond: [5, 0, 0],
    acknowledgementP50Ms: [1.5, 300, null],
    acknowledgementP99Ms: [1.99, 496, null],
    eventLoopLagP50Ms: [null, expect.closeTo(0.075, 3), null],
    boundHits: [4, 0, 0],
    cpuPercent: [25, 0, 0],
    residentBytes: [1_000, 1_000, 1_000],
  });
});

test("an hour is kept, and the lag is that of the last ten seconds", () => {
  const { clock, history, metrics } = observed();
  expect(history.figures().times).toEqual([]);
  for (let count = 0; count < 365; count += 1) clock.advance(sampleIntervalMs);
  const { times, updatesPerSecond } = history.figures();
  expect([times.length, times[0], updatesPerSecond.length]).toEqual([360, "1970-01-01T00:01:00.000Z", 360]);
  expect(history.eventLoopLagMs).toBeNull();
  metrics.eventLoopLag.observe(0.0001);
  clock.advance(sampleIntervalMs);
  expect(history.eventLoopLagMs?.p99).toBeCloseTo(0.1, 2);
});

test("a history that is closed takes no more samples", () => {
  const { clock, history } = observed();
  history.close();
  clock.advance(sampleIntervalMs);
  expect(history.figures().times).toEqual([]);
});
