import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findProgram, installCommand } from "../../../test/support/processes/programs.ts";
import { PostgresServer } from "../../../test/support/programs/postgres.ts";
import type { RunningCluster, RunningServer, ServerKind } from "../servers/server.ts";
import { startYurt, yurt } from "../servers/yurt.ts";
import { median } from "../statistics.ts";

/** Nodes of the executable on a Postgres whose commits reach the disk. */
export const yurtCluster: ServerKind = {
  ...yurt,
  name: "yurt-cluster",
  about: "nodes of this repository's executable on one Postgres with fsync: an update is stored before it is forwarded",
  abilities: new Set(["cluster"]),
  prepare: async () => {
    if (findProgram("postgres") === undefined) throw new Error(`there is no postgres; ${installCommand(["postgres"])}`);
    await yurt.prepare();
  },
  startCluster: async (dataFolder, count) => {
    const engine = await PostgresServer.start({ isDurable: true });
    const nodes: RunningServer[] = [];
    const cluster: RunningCluster = {
      nodes,
      enginePids: () => engine.pids,
      commitMs: await commitMsOf(engine),
      stop: async () => {
        for (const node of nodes) await node.stop();
        await engine[Symbol.asyncDispose]();
      },
    };
    try {
      const url = await engine.newSchema();
      for (let index = 0; index < count; index += 1) {
        const folder = join(dataFolder, `node-${index}`);
        await mkdir(folder);
        nodes.push(await startYurt(folder, ["--cluster-url", url]));
      }
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  },
};

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
