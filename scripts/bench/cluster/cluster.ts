import { readFileSync } from "node:fs";
import type { Goal, Metric } from "../metric.ts";
import { cpuMs, parseCpuMs, residentBytes } from "../process-stats.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import type { RunningCluster } from "../servers/server.ts";
import { percentile } from "../statistics.ts";
import { ClusterTraffic } from "./cluster-traffic.ts";

interface Load {
  readonly name: string;
  /** In all rooms together. */
  readonly updatesPerSecond: number;
  /** The goals by the key of a metric. */
  readonly goals: Readonly<Record<string, Goal>>;
}

const nodeCount = 3;
const sizes = {
  full: { rooms: 200, warmUpSeconds: 5, seconds: 20, share: 1 },
  quick: { rooms: 20, warmUpSeconds: 1, seconds: 2, share: 0.05 },
} as const;

const metrics: readonly Metric[] = [
  { key: "p50", label: "p50", unit: "ms", digits: 1 },
  { key: "p99", label: "p99", unit: "ms", digits: 1 },
  { key: "longest", label: "longest", unit: "ms", digits: 0 },
  { key: "engineShare", label: "engine", unit: "% core", digits: 1 },
  { key: "nodeShare", label: "each node", unit: "% core", digits: 1 },
  { key: "loadShare", label: "load", unit: "% core", digits: 0 },
  { key: "rate", label: "updates", unit: "/s", digits: 0 },
  { key: "commit", label: "a commit alone", unit: "ms", digits: 2 },
  { key: "resident", label: "RSS of each node", unit: "MB", digits: 0 },
];

/** The delay between clients on different nodes of a cluster, and what it costs. */
function clusterUnder({ name, updatesPerSecond: fullRate, goals }: Load): Scenario {
  return {
    name,
    about: `${nodeCount} nodes, ${sizes.full.rooms} rooms with a writer on each node, ${fullRate} updates/s in total, evenly; from a client of one node to those of the others`,
    needs: "cluster",
    metrics: metrics.map((metric) => {
      const goal = goals[metric.key];
      return goal === undefined ? metric : { ...metric, goal };
    }),
    run: async (target, size) => {
      const { rooms, warmUpSeconds, seconds, share } = sizes[size];
      const updatesPerSecond = fullRate * share;
      const servers = await target.startCluster(nodeCount);
      const each = (duration: number) => Math.ceil((updatesPerSecond * duration) / (rooms * nodeCount));
      const updates = each(warmUpSeconds) + each(seconds);
      const traffic = await ClusterTraffic.open({ nodes: servers.nodes, rooms, updates });
      await traffic.pace(each(warmUpSeconds), updatesPerSecond);
      traffic.latencies.clear();
      Bun.gc(true);
      const before = readCpu(servers);
      await traffic.pace(each(seconds), updatesPerSecond);
      const after = readCpu(servers);
      const shareOf = (of: "engine" | "nodes" | "load") => (100 * (after[of] - before[of])) / (after.at - before.at);
      const latencies = traffic.latencies.values;
      const resident = sum(servers.nodes.map(({ pid }) => residentBytes(pid))) / nodeCount;
      const { commitMs } = servers;
      const measurement = {
        ...(commitMs === undefined ? {} : { commit: commitMs }),
        p50: percentile(latencies, 0.5),
        p99: percentile(latencies, 0.99),
        longest: percentile(latencies, 1),
        engineShare: shareOf("engine"),
        nodeShare: shareOf("nodes") / nodeCount,
        loadShare: shareOf("load"),
        rate: (each(seconds) * traffic.writers * 1_000) / (after.at - before.at),
        resident: resident / 1e6,
      };
      traffic.close();
      await servers.stop();
      return measurement;
    },
  };
}

export const cluster = clusterUnder({
  name: "cluster",
  updatesPerSecond: 10_000,
  goals: { p50: { atMost: 4 }, p99: { atMost: 20 }, engineShare: { atMost: 45 } },
});

export const calmCluster = clusterUnder({ name: "cluster-calm", updatesPerSecond: 1_000, goals: {} });

/** CPU times in milliseconds. */
function readCpu({ enginePids, nodes }: RunningCluster) {
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
