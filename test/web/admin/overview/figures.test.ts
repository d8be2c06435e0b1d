import { describe, expect, test } from "bun:test";
import type { ServerFigures } from "../../../../src/client/server/administration.ts";
import type { FigureSample } from "../../../../src/client/server/live-events.ts";
import { chartText } from "../../../../src/web/admin/overview/figures/chart-text.ts";
import { figureCharts } from "../../../../src/web/admin/overview/figures/figure-charts.ts";
import { isAfterGap, rowsOf, withSample } from "../../../../src/web/admin/overview/figures/figure-table.ts";

const start = Date.parse("2026-11-30T12:00:00.000Z");
const at = (seconds: number) => new Date(start + seconds * 1_000).toISOString();

const figures: ServerFigures = {
  intervalSeconds: 10,
  times: [at(0), at(10)],
  connections: { "y-websocket": [1, 2], hocuspocus: [0, 0], "engine.io": [0, 3] },
  updatesPerSecond: [5, 7],
  acknowledgementP50Ms: [null, 4],
  acknowledgementP99Ms: [null, 9],
  eventLoopLagP50Ms: [1, 1],
  eventLoopLagP99Ms: [2, 3],
  boundHits: [1, 0],
  cpuPercent: [10, 20],
  residentBytes: [1e8, 2e8],
};

function sample(seconds: number, changed: Partial<FigureSample> = {}): FigureSample {
  return {
    time: at(seconds),
    connections: { "y-websocket": 4, hocuspocus: 0, "engine.io": 0 },
    updatesPerSecond: 8,
    acknowledgementP50Ms: 4,
    acknowledgementP99Ms: 9,
    eventLoopLagP50Ms: 1,
    eventLoopLagP99Ms: 2,
    boundHits: 0,
    cpuPercent: 30,
    residentBytes: 3e8,
    ...changed,
  };
}

describe("the rows of the charts", () => {
  test("are the samples of the server, with limits reached per minute", () => {
    expect(rowsOf(figures)).toMatchObject([
      {
        at: start,
        connections: { "y-websocket": 1, "engine.io": 0 },
        acknowledgementP50Ms: null,
        boundHitsPerMinute: 6,
      },
      { at: start + 10_000, connections: { "y-websocket": 2, "engine.io": 3 }, updatesPerSecond: 7 },
    ]);
  });

  test("go on with what is followed, at the rate of its interval", () => {
    const rows = withSample(rowsOf(figures), sample(12, { boundHits: 1 }));
    expect(rows.map((row) => row.at)).toEqual([start, start + 10_000, start + 12_000]);
    expect(rows.at(-1)).toMatchObject({ updatesPerSecond: 8, boundHitsPerMinute: 30 });
  });

  test("begin with what is followed if the server has kept none yet", () => {
    expect(withSample([], sample(0))).toHaveLength(1);
  });

  test("have no sample twice", () => {
    const rows = rowsOf(figures);
    expect(withSample(rows, sample(10))).toBe(rows);
    expect(withSample(rows, sample(5))).toBe(rows);
  });

  test("are those of an hour", () => {
    const rows = withSample(rowsOf(figures), sample(3_605));
    expect(rows.map((row) => row.at)).toEqual([start + 10_000, start + 3_605_000]);
  });

  test("lack samples after a pause", () => {
    const rows = rowsOf(figures);
    expect(isAfterGap(rows, sample(12))).toBe(false);
    expect(isAfterGap(rows, sample(60))).toBe(true);
    expect(isAfterGap([], sample(60))).toBe(false);
  });
});

describe("the charts", () => {
  test("show the protocols that were in use, each in its own colour", () => {
    const [connections] = figureCharts(rowsOf(figures));
    expect(connections?.series.map(({ label, values }) => ({ label, values }))).toEqual([
      { label: "y-websocket", values: [1, 2] },
      { label: "Socket.IO", values: [0, 3] },
    ]);
    expect(new Set(connections?.series.map(({ colour }) => colour)).size).toBe(2);
  });

  test("show one line without any connection, and nothing for no samples", () => {
    const idle = { ...figures, connections: { "y-websocket": [0, 0] } };
    expect(figureCharts(rowsOf(idle))[0]?.series).toMatchObject([{ values: [0, 0] }]);
    expect(figureCharts([]).every(({ series }) => series.every(({ values }) => values.length === 0))).toBe(true);
  });

  test("are told in words", () => {
    const charts = figureCharts(rowsOf(figures));
    const times = [start, start + 10_000];
    const texts = charts.map(({ format, series, title }) => chartText({ title, times, series, format }));
    expect(texts[1]).toBe("Updates per second in the last 10 s. Updates: now 7, from 5 to 7.");
    expect(texts[2]).toBe(
      "Update to acknowledged in the last 10 s. Half within: now 4 ms, from 4 ms to 4 ms. 99 % within: now 9 ms, from 9 ms to 9 ms.",
    );
    expect(texts[5]).toContain("from 100 MB to 200 MB");
  });

  test("say in words if nothing was measured", () => {
    const format = String;
    const series = [{ label: "A", values: [null, null] }];
    expect(chartText({ title: "T", times: [0, 1_000], series, format })).toBe(
      "T in the last 1 s. A: nothing measured.",
    );
    expect(chartText({ title: "T", times: [], series: [], format })).toBe("T: no history yet.");
  });
});
