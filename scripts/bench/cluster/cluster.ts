import type { Scenario } from "../scenarios/scenario.ts";
import { costMetrics, costsOf, delayMetrics, delaysOf, loadOf, nodeCount, sizes } from "./cluster-figures.ts";
import { ClusterTraffic } from "./cluster-traffic.ts";

interface Load {
  readonly name: string;
  /** In all rooms together. */
  readonly updatesPerSecond: number;
}

/** The delay between clients on different nodes of a cluster, and what it costs. */
function clusterUnder({ name, updatesPerSecond: fullRate }: Load): Scenario {
  return {
    name,
    about: `${nodeCount} servers, ${sizes.full.rooms} rooms with a WebSocket client on each server, which writes, ${fullRate} updates/s in total, evenly; from the sending by a client to the arrival at the clients of the other servers. The clients and their sockets share the cores with the servers and the database`,
    needs: "cluster",
    metrics: [...delayMetrics, ...costMetrics, { key: "loadShare", label: "load", unit: "% core", digits: 0 }],
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

export const cluster = clusterUnder({ name: "cluster", updatesPerSecond: 10_000 });

export const calmCluster = clusterUnder({ name: "cluster-calm", updatesPerSecond: 1_000 });
