import type { Scenario } from "../../scenarios/scenario.ts";
import {
  costMetrics,
  costsOf,
  delayMetrics,
  delaysOf,
  loadOf,
  nodeCount,
  sizes,
  sum,
  withGoals,
} from "../cluster-figures.ts";
import { deliveryDelays } from "./delivery-delays.ts";
import type { NodeProgram } from "./node-program.ts";

const fullRate = 10_000;
/** In addition to the planned duration; the nodes themselves give up earlier. */
const phaseLimitMs = 90_000;

/** The delay between the nodes of a cluster, and what it costs, without client sockets and without a load beside the nodes. */
export const clusterNodes: Scenario = {
  name: "cluster-nodes",
  about: `${nodeCount} processes with the sessions, rooms, commits and feed of a server, run from the source and without client sockets; ${sizes.full.rooms} rooms with a member in each process, which writes, ${fullRate} updates/s in total, evenly; from the creation of an update in one process to its delivery to the members in the others. Only their database shares the cores with them`,
  needs: "cluster-nodes",
  metrics: withGoals(
    [
      ...delayMetrics,
      ...costMetrics,
      { key: "commitRate", label: "commits of a node", unit: "/s", digits: 0 },
      { key: "updatesPerCommit", label: "updates per commit", unit: "", digits: 1 },
    ],
    { p50: { atMost: 4 }, p99: { atMost: 20 }, engineShare: { atMost: 45 } },
  ),
  run: async (target, size) => {
    const { rooms, updatesPerSecond, warmUp, measured } = loadOf(size, fullRate);
    const updates = warmUp + measured;
    const cluster = await target.startNodes({ nodes: nodeCount, rooms, updates });
    const { nodes } = cluster;
    const pace = async (count: number) => {
      const perSecond = updatesPerSecond / nodes.length;
      const limitMs = (rooms * count * 1_000) / perSecond + phaseLimitMs;
      await Promise.all(nodes.map((node) => node.pace(count, perSecond, limitMs)));
    };
    await pace(warmUp);
    const before = await countsOf(nodes);
    const written = measured * rooms * nodes.length;
    const costs = await costsOf(cluster, { updates: written, work: () => pace(measured) });
    const after = await countsOf(nodes);
    const times = await Promise.all(nodes.map((node) => node.times()));
    await cluster.stop();
    const commits = after.commits - before.commits;
    const seconds = written / costs.rate;
    return {
      ...delaysOf(deliveryDelays(times, { updates, first: warmUp })),
      ...costs,
      commitRate: commits / nodes.length / seconds,
      updatesPerCommit: (after.updates - before.updates) / commits,
    };
  },
};

async function countsOf(nodes: readonly NodeProgram[]) {
  const counts = await Promise.all(nodes.map((node) => node.commitCounts()));
  return { commits: sum(counts.map(({ commits }) => commits)), updates: sum(counts.map(({ updates }) => updates)) };
}
