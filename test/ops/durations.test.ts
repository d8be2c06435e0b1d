import { expect, test } from "bun:test";
import { Registry } from "prom-client";
import { createDurations } from "../../src/ops/durations.ts";

test("durations are counted in buckets, as Prometheus reads them", async () => {
  const registry = new Registry();
  const durations = createDurations({ name: "d_seconds", help: "Durations", buckets: [0.001, 1, 60], registry });
  durations.end(durations.begin());
  durations.end(durations.begin() - 100);
  durations.end(durations.begin() - 200);
  durations.end(durations.begin() - 100_000);
  const [help, type, ...lines] = (await registry.metrics()).trim().split("\n");
  expect([help, type]).toEqual(["# HELP d_seconds Durations", "# TYPE d_seconds histogram"]);
  const samples = lines.map((line) => line.split(" "));
  expect(samples.slice(0, 4)).toEqual([
    ['d_seconds_bucket{le="0.001"}', "1"],
    ['d_seconds_bucket{le="1"}', "3"],
    ['d_seconds_bucket{le="60"}', "3"],
    ['d_seconds_bucket{le="+Inf"}', "4"],
  ]);
  expect(samples.slice(4).map(([name]) => name)).toEqual(["d_seconds_sum", "d_seconds_count"]);
  expect(Number(samples[4]?.[1])).toBeWithin(100.3, 100.4);
  expect(samples[5]?.[1]).toBe("4");
});
