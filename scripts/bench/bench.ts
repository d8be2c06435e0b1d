import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { within } from "../within.ts";
import type { NodeLoad } from "./cluster/nodes/node-traffic.ts";
import type { Measurement } from "./measurement.ts";
import type { Scenario, Size } from "./scenarios/scenario.ts";
import type { ServerKind } from "./servers/server.ts";
import { median } from "./statistics.ts";

/** The time limit of one run of one scenario with one server. */
const runLimitMs = 180_000;

/** Runs a scenario with a server once. No process and no file of the run is left afterwards, even if it fails. */
export async function runOnce(scenario: Scenario, kind: ServerKind, size: Size): Promise<Measurement> {
  const dataFolder = await mkdtemp(join(tmpdir(), "yurt-bench-"));
  const started: { stop(): Promise<void> }[] = [];
  const target = {
    dataFolder,
    stores: kind.abilities.has("storage"),
    start: async () => {
      const server = await kind.start(dataFolder);
      started.push(server);
      return server;
    },
    startCluster: async (nodes: number) => {
      const cluster = await kind.startCluster?.(dataFolder, nodes);
      if (cluster === undefined) throw new Error(`${kind.name} is no cluster`);
      started.push(cluster);
      return cluster;
    },
    startNodes: async (load: Omit<NodeLoad, "node">) => {
      const cluster = await kind.startNodes?.(dataFolder, load);
      if (cluster === undefined) throw new Error(`the nodes of ${kind.name} have no form without ports`);
      started.push(cluster);
      return cluster;
    },
  };
  try {
    return await within(runLimitMs, `${scenario.name} with ${kind.name}`, scenario.run(target, size));
  } finally {
    for (const server of started) await server.stop();
    await rm(dataFolder, { recursive: true, force: true });
  }
}

/** Takes the median of each number. */
export function medians(runs: readonly Measurement[]): Measurement {
  const keys = new Set(runs.flatMap((run) => Object.keys(run)));
  const valuesOf = (key: string) => runs.flatMap((run) => run[key] ?? []);
  return Object.fromEntries(Array.from(keys, (key) => [key, median(valuesOf(key))]));
}
