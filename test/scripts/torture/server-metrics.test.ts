import { expect, test } from "bun:test";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { loopLag, movedCounters, readMetrics } from "../../../scripts/torture/attack/server-metrics.ts";

const text = (frames: number, buckets: readonly number[]) => `# HELP yurt_work_total Work
# TYPE yurt_work_total counter
yurt_work_total{kind="frames"} ${frames}
yurt_work_total{kind="bytes"} 5
# HELP yurt_connections Open
# TYPE yurt_connections gauge
yurt_connections ${frames}
# HELP yurt_event_loop_lag_seconds Lag
# TYPE yurt_event_loop_lag_seconds histogram
yurt_event_loop_lag_seconds_bucket{le="0.005"} ${buckets[0]}
yurt_event_loop_lag_seconds_bucket{le="0.05"} ${buckets[1]}
yurt_event_loop_lag_seconds_bucket{le="+Inf"} ${buckets[2]}
yurt_event_loop_lag_seconds_sum 1
yurt_event_loop_lag_seconds_count ${buckets[2]}
`;

async function metricsOf(body: string) {
  const server = createServer((_, response) => response.end(body)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  const metrics = await readMetrics(port);
  server.close();
  return metrics;
}

test("counters that have grown are shown, and neither others nor gauges", async () => {
  const before = await metricsOf(text(1, [10, 10, 10]));
  const after = await metricsOf(text(4, [10, 10, 10]));
  expect(movedCounters(before, after)).toEqual({ "work_total{kind=frames}": 3 });
});

test("the lag of the event loop is that between two times", async () => {
  const before = await metricsOf(text(1, [10, 10, 50]));
  expect(loopLag(before, before)).toBeUndefined();
  const after = await metricsOf(text(1, [109, 110, 150]));
  expect(loopLag(before, after)).toEqual({ samples: 100, p99Ms: 5, maxMs: 50 });
  const stalled = await metricsOf(text(1, [50, 90, 150]));
  expect(loopLag(before, stalled)).toEqual({
    samples: 100,
    p99Ms: Number.POSITIVE_INFINITY,
    maxMs: Number.POSITIVE_INFINITY,
  });
});
