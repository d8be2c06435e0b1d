import { readdirSync, readFileSync } from "node:fs";
import type { Metric } from "./metric.ts";

/** A group of a process's threads. `other` includes threads that have ended in the meantime. */
export type ThreadGroup = "main" | "jit" | "worker" | "pool" | "gc" | "other";

/** CPU time in milliseconds by group. */
export type ThreadTimes = Readonly<Record<ThreadGroup, number>>;

/** The running time of one thread. */
export interface Thread {
  readonly id: number;
  readonly group: ThreadGroup;
  readonly ms: number;
}

/** The names that Bun gives its threads. Those of other runtimes, except the main thread, belong to `other`. */
const groupsByName: readonly (readonly [name: RegExp, group: ThreadGroup])[] = [
  [/^JITWorker/, "jit"],
  [/^Worker/, "worker"],
  [/^Bun Pool/, "pool"],
  [/^(HeapHelper|Heap ?Helper)/, "gc"],
];

export function groupOf(name: string, isMain: boolean): ThreadGroup {
  if (isMain) return "main";
  return groupsByName.find(([pattern]) => pattern.test(name))?.[1] ?? "other";
}

/** The time on a CPU in milliseconds, from the text of /proc/<pid>/task/<tid>/schedstat. */
export function parseRunningMs(schedstat: string): number {
  return Number(schedstat.split(" ", 1)[0]) / 1e6;
}

/** The threads of a process that exist now. */
export function threadsOf(pid: number): readonly Thread[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((name) => {
    const folder = `/proc/${pid}/task/${name}`;
    try {
      const comm = readFileSync(`${folder}/comm`, "utf8").trimEnd();
      const ms = parseRunningMs(readFileSync(`${folder}/schedstat`, "utf8"));
      return [{ id: Number(name), group: groupOf(comm, Number(name) === pid), ms }];
    } catch {
      // The thread has ended since the folder was read.
      return [];
    }
  });
}

/** Two readings of the system's accounts of a process: each may be one step of 10 ms off. */
const inexactMs = 20;

/**
 * The time of each group between two readings. `totalMs` is the CPU time of the whole process: what it has more than the
 * threads that exist was used by threads that have ended.
 */
export function timesBetween(before: readonly Thread[], after: readonly Thread[], totalMs: number): ThreadTimes {
  const earlier = new Map(before.map(({ id, ms }) => [id, ms]));
  const times = { main: 0, jit: 0, worker: 0, pool: 0, gc: 0, other: 0 };
  for (const { id, group, ms } of after) times[group] += ms - (earlier.get(id) ?? 0);
  const endedMs = totalMs - sumOf(times);
  return endedMs > inexactMs ? { ...times, other: times.other + endedMs } : times;
}

/** The time of all groups together. */
export function sumOf(times: ThreadTimes): number {
  return Object.values(times).reduce((sum, ms) => sum + ms, 0);
}

const labels: Readonly<Record<ThreadGroup, string>> = {
  main: "main",
  jit: "JIT",
  worker: "Workers",
  pool: "fsync pool",
  gc: "GC",
  other: "other",
};
const groups = Object.keys(labels) as readonly ThreadGroup[];

/** The columns of `perThread`. */
export const threadMetrics: readonly Metric[] = groups.map((group) => ({
  key: `thread-${group}`,
  label: labels[group],
  unit: "µs",
  digits: 1,
}));

/** The time of each group in microseconds, per one of `count`. */
export function perThread(times: ThreadTimes, count: number): Readonly<Record<string, number>> {
  return Object.fromEntries(groups.map((group) => [`thread-${group}`, (1000 * times[group]) / count]));
}
