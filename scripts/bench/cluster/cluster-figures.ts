import { readFileSync } from "node:fs";
import type { Measurement } from "../measurement.ts";
import type { Goal, Metric } from "../metric.ts";
import { cpuMs, parseCpuMs, residentBytes } from "../process-stats.ts";
import type { RunningCluster } from "../servers/server.ts";
import { percentile } from "../statistics.ts";

export const nodeCount = 3;

/** The rooms of a cluster, and how long updates are sent; `share` is that of the full rate. */
export const sizes = {
  full: { rooms: 200, warmUpSeconds: 5, seconds: 20, share: 1 },
  quick: { rooms: 20, warmUpSeconds: 1, seconds: 2, share: 0.05 },
} as const;

export interface ClusterLoad {
  readonly rooms: number;
  readonly updatesPerSecond: number;
  /** The number of updates of each writer before the measurement, and during it. */
  readonly warmUp: number;
  readonly measured: number;
}

/** The load of a size; `fullRate` is the number of updates per second in all rooms together. */
export function loadOf(size: keyof typeof sizes, fullRate: number): ClusterLoad {
  const { rooms, warmUpSeconds, seconds, share } = sizes[size];
  const updatesPerSecond = fullRate * share;
  const each = (duration: number) => Math.ceil((updatesPerSecond * duration) / (rooms * nodeCount));
  return { rooms, updatesPerSecond, warmUp: each(warmUpSeconds), measured: each(seconds) };
}

/** The figures of `delaysOf`. */
export const delayMetrics: readonly Metric[] = [
  { key: "p50", label: "p50", unit: "ms", digits: 1 },
  { key: "p99", label: "p99", unit: "ms", digits: 1 },
  { key: "longest", label: "longest", unit: "ms", digits: 0 },
];

/** The figures of `costsOf`, less `loadShare`. */
export const costMetrics: readonly Metric[] = [
  { key: "engineShare", label: "engine", unit: "% core", digits: 1 },
  { key: "nodeShare", label: "each node", unit: "% core", digits: 1 },
  { key: "rate", label: "updates", unit: "/s", digits: 0 },
  { key: "commit", label: "a commit alone", unit: "ms", digits: 2 },
  { key: "resident", label: "RSS of each node", unit: "MB", digits: 0 },
];

/** Metrics with their goals, by the key of a metric. */
export function withGoals(metrics: readonly Metric[], goals: Readonly<Record<string, Goal>>): readonly Metric[] {
  return metrics.map((metric) => {
    const goal = goals[metric.key];
    return goal === undefined ? metric : { ...metric, goal };
  });
}

export function delaysOf(latencies: Float64Array): Measurement {
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), longest: percentile(latencies, 1) };
}

/** Measures what a cluster needs for the updates that `work` writes, until the promise of `work` resolves. */
export async function costsOf(
  cluster: RunningCluster<MeasuredNode>,
  { updates, work }: { readonly updates: number; readonly work: () => Promise<void> },
): Promise<Measurement & { readonly rate: number }> {
  Bun.gc(true);
  const before = readCpu(cluster);
  await work();
  const after = readCpu(cluster);
  const wallMs = after.at - before.at;
  const shareOf = (of: "engine" | "nodes" | "load") => (100 * (after[of] - before[of])) / wallMs;
  const { commitMs, nodes } = cluster;
  return {
    ...(commitMs === undefined ? {} : { commit: commitMs }),
    engineShare: shareOf("engine"),
    nodeShare: shareOf("nodes") / nodes.length,
    loadShare: shareOf("load"),
    rate: (updates * 1_000) / wallMs,
    resident: sum(nodes.map(({ pid }) => residentBytes(pid))) / nodes.length / 1e6,
  };
}

interface MeasuredNode {
  readonly pid: number;
}

/** CPU times in milliseconds. */
function readCpu({ enginePids, nodes }: RunningCluster<MeasuredNode>) {
  const { user, system } = process.cpuUsage();
  const [parent, ...children] = enginePids();
  return {
    at: performance.now(),
    engine: (parent === undefined ? 0 : cpuMs(parent) + endedChildrenMs(parent)) + sum(children.map(cpuMs)),
    nodes: sum(nodes.map(({ pid }) => cpuMs(pid))),
    load: (user + system) / 1_000,
  };
}

/** The CPU time of the children of a process that have ended. In the line, it follows that of the process itself. */
function endedChildrenMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [name = "", fields = ""] = [stat.slice(0, stat.lastIndexOf(")") + 2), stat.slice(stat.lastIndexOf(")") + 2)];
  return parseCpuMs(name + fields.split(" ").toSpliced(11, 2).join(" "));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
