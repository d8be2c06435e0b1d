import { expect, test } from "bun:test";
import {
  groupOf,
  parseRunningMs,
  perThread,
  threadMetrics,
  threadsOf,
  timesBetween,
} from "../../../scripts/bench/threads.ts";

test("the running time is the first of the three numbers, in nanoseconds", () => {
  expect(parseRunningMs("56604491 167628852 139\n")).toBe(56.604491);
});

test("threads belong to groups by their names, and the main thread by its id", () => {
  const groups = ["yurt", "JITWorker", "Worker", "Bun Pool 0", "HeapHelper", "mi-scavenger"].map((name) =>
    groupOf(name, false),
  );
  expect(groups).toEqual(["other", "jit", "worker", "pool", "gc", "other"]);
  expect(groupOf("JITWorker", true)).toBe("main");
});

test("the times between two readings contain those of threads that have begun or ended meanwhile", () => {
  const before = [
    { id: 1, group: "main", ms: 100 },
    { id: 2, group: "worker", ms: 40 },
  ] as const;
  const after = [
    { id: 1, group: "main", ms: 300 },
    { id: 3, group: "jit", ms: 30 },
  ] as const;
  const none = { worker: 0, pool: 0, gc: 0 };
  expect(timesBetween(before, after, 290)).toEqual({ ...none, main: 200, jit: 30, other: 60 });
  expect(timesBetween(before, after, 240)).toEqual({ ...none, main: 200, jit: 30, other: 0 });
  expect(timesBetween(before, after, 220)).toEqual({ ...none, main: 200, jit: 30, other: 0 });
});

test("every group has a column in microseconds", () => {
  const columns = perThread({ main: 2, jit: 1, worker: 0, pool: 0.5, gc: 0, other: 0 }, 1000);
  expect(threadMetrics.map(({ label, key }) => [label, columns[key]])).toEqual([
    ["main", 2],
    ["JIT", 1],
    ["Workers", 0],
    ["fsync pool", 0.5],
    ["GC", 0],
    ["other", 0],
  ]);
});

test.skipIf(process.platform !== "linux")("a process has a main thread that has run, and compilers", () => {
  const groups = threadsOf(process.pid).map(({ group }) => group);
  expect(threadsOf(process.pid).find(({ group }) => group === "main")?.ms).toBeGreaterThan(0);
  expect(groups).toContain("jit");
  expect(groups).toContain("gc");
});
