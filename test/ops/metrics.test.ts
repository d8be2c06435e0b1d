import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createMetrics } from "../../src/ops/metrics.ts";
import { parseMetrics } from "../support/prometheus-text.ts";

const root = join(import.meta.dir, "../../src");
const sources = [...new Bun.Glob("**/*.ts").scanSync(root)]
  .filter((path) => !path.startsWith("ops/"))
  .map((path) => readFileSync(join(root, path), "utf8"))
  .join("\n");

async function collect() {
  const { registry } = createMetrics();
  return [...parseMetrics(await registry.metrics())];
}

describe("the metrics", () => {
  test("are named as Prometheus wants", async () => {
    const metrics = await collect();
    expect(metrics.length).toBeGreaterThan(25);
    const misnamed = metrics.filter(
      ([name, { type }]) =>
        !/^(yurt|process)_/.test(name) ||
        name.endsWith("_total") !== (type === "counter") ||
        (type === "histogram" && !/_(seconds|bytes)$/.test(name)) ||
        /_(ms|millis|kb|mb|count|sum|bucket)$/.test(name),
    );
    expect(misnamed).toEqual([]);
  });

  test("are explained, in one line without a full stop", async () => {
    const helps = (await collect()).map(([, { help }]) => help);
    expect(helps.filter((help) => !/^[A-Z\d][^\n]{8,}[^.]$/.test(help))).toEqual([]);
  });

  test("are all recorded by the code", () => {
    // `turn` has plain numbers, which the TURN server takes under another name.
    const names = Object.keys(createMetrics()).filter((name) => name !== "registry" && name !== "turn");
    const isRecorded = (name: string) =>
      new RegExp(`\\b${name}\\s*\\.(inc|met|of|startTimer|observe|readFrom|begin|end)\\(`).test(sources);
    expect(names.filter((name) => !isRecorded(name))).toEqual([]);
  });

  test.skipIf(process.platform !== "linux")("of the process agree with the system", async () => {
    const metrics = new Map(await collect());
    const sampleOf = (name: string) => metrics.get(name)?.samples[0]?.value ?? Number.NaN;
    const [ticks, pages] = [100, 4_096];
    const stat = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /, "")
      .split(" ")
      .map(Number);
    const [user = 0, system = 0, resident = 0] = [stat[11], stat[12], stat[21]];
    const cpuSeconds = (user + system) / ticks;
    expect(Math.abs(sampleOf("process_cpu_seconds_total") - cpuSeconds)).toBeLessThan(0.1 + cpuSeconds / 10);
    const residentBytes = resident * pages;
    expect(sampleOf("process_resident_memory_bytes") / residentBytes).toBeWithin(0.8, 1.25);
    expect(Math.abs(sampleOf("process_open_fds") - readdirSync("/proc/self/fd").length)).toBeLessThan(5);
    const limit = await Bun.$`sh -c "ulimit -n"`.text();
    expect(sampleOf("process_max_fds")).toBe(Number(limit));
    const startedAt = sampleOf("process_start_time_seconds");
    expect(Math.abs(Date.now() / 1_000 - process.uptime() - startedAt)).toBeLessThan(2);
  });
});
