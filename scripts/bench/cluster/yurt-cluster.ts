import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findProgram, installCommand } from "../../../test/support/processes/programs.ts";
import { PostgresServer } from "../../../test/support/programs/postgres.ts";
import type { RunningCluster, ServerKind } from "../servers/server.ts";
import { startYurt, yurt } from "../servers/yurt.ts";
import { median } from "../statistics.ts";
import { NodeProgram } from "./nodes/node-program.ts";
import type { NodePlace } from "./nodes/node-rooms.ts";

/** Nodes of the executable on a Postgres whose commits reach the disk. */
export const yurtCluster: ServerKind = {
  ...yurt,
  name: "yurt-cluster",
  about: "nodes of this repository's executable on one Postgres with fsync: an update is stored before it is forwarded",
  abilities: new Set(["cluster", "cluster-nodes"]),
  prepare: async () => {
    if (findProgram("postgres") === undefined) throw new Error(`there is no postgres; ${installCommand(["postgres"])}`);
    await yurt.prepare();
  },
  startCluster: (dataFolder, count) =>
    startOnPostgres(dataFolder, count, ({ clusterUrl, dataFolder: folder }) =>
      startYurt(folder, ["--cluster-url", clusterUrl]),
    ),
  startNodes: (dataFolder, load) =>
    startOnPostgres(dataFolder, load.nodes, (place, node) => NodeProgram.start({ ...place, ...load, node })),
};

/** Starts nodes one after the other on one database. When one fails, nothing is left running. */
async function startOnPostgres<Node extends { stop(): Promise<void> }>(
  dataFolder: string,
  count: number,
  startNode: (place: NodePlace, node: number) => Promise<Node>,
): Promise<RunningCluster<Node>> {
  const engine = await PostgresServer.start({ isDurable: true });
  const nodes: Node[] = [];
  const cluster: RunningCluster<Node> = {
    nodes,
    enginePids: () => engine.pids,
    commitMs: await commitMsOf(engine),
    stop: async () => {
      for (const node of nodes) await node.stop();
      await engine[Symbol.asyncDispose]();
    },
  };
  try {
    const clusterUrl = await engine.newSchema();
    for (let node = 0; node < count; node += 1) {
      const folder = join(dataFolder, `node-${node}`);
      await mkdir(folder);
      nodes.push(await startNode({ clusterUrl, dataFolder: folder }, node));
    }
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

const commits = 200;

/** The time of a commit is that of a sync to the disk, more or less, and differs between machines as that does. */
async function commitMsOf(engine: PostgresServer): Promise<number> {
  await using database = engine.connect();
  await database`CREATE TABLE commits (number integer)`;
  const times: number[] = [];
  for (let number = 0; number < commits; number += 1) {
    const startedAt = performance.now();
    await database`INSERT INTO commits VALUES (${number})`;
    times.push(performance.now() - startedAt);
  }
  await database`DROP TABLE commits`;
  return median(times);
}
