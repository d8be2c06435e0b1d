import type { Goal } from "../metric.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import {
  costMetrics,
  costsOf,
  delayMetrics,
  delaysOf,
  loadOf,
  nodeCount,
  sizes,
  withGoals,
} from "./cluster-figures.ts";
import { ClusterTraffic } from "./cluster-traffic.ts";

interface Load {
  readonly name: string;
  /** In all rooms together. */
  readonly updatesPerSecond: number;
  /** The goals by the key of a metric. */
  readonly goals: Readonly<Record<string, Goal>>;
}

/** The delay between clients on different nodes of a cluster, and what it costs. */
function clusterUnder({ name, updatesPerSecond: fullRate, goals }: Load): Scenario {
  return {
    name,
    about: `${nodeCount} nodes, ${sizes.full.rooms} rooms with a writer on each node, ${fullRate} updates/s in total, evenly; from a client of one node to those of the others`,
    needs: "cluster",
    metrics: withGoals(
      [...delayMetrics, ...costMetrics, { key: "loadShare", label: "load", unit: "% core", digits: 0 }],
      goals,
    ),
    run: async (target, size) => {
      const { rooms, updatesPerSecond, warmUp, measured } = loadOf(size, fullRate);
      const servers = await target.startCluster(nodeCount);
      const traffic = await ClusterTraffic.open({ nodes: servers.nodes, rooms, updates: warmUp + measured });
      await traffic.pace(warmUp, updatesPerSecond);
      traffic.latencies.clear();
      const work = () => traffic.pace(measured, updatesPerSecond);
      const costs = await costsOf(servers, { updates: measured * traffic.writers, work });
      const delays = delaysOf(traffic.latencies.values);
      traffic.close();
      await servers.stop();
      return { ...delays, ...costs };
    },
  };
}

export const cluster = clusterUnder({
  name: "cluster",
  updatesPerSecond: 10_000,
  goals: { p50: { atMost: 4 }, p99: { atMost: 20 }, engineShare: { atMost: 45 } },
});

export const calmCluster = clusterUnder({ name: "cluster-calm", updatesPerSecond: 1_000, goals: {} });
