import { hocuspocus, startHocuspocus } from "../servers/hocuspocus.ts";
import type { RunningCluster, RunningServer, ServerKind } from "../servers/server.ts";
import { RedisServer } from "./redis-server.ts";

/** Hocuspocus with its extension for several servers. */
export const hocuspocusRedis: ServerKind = {
  ...hocuspocus,
  name: "hocuspocus-redis",
  about: `${hocuspocus.about}; with its Redis extension 4.7.0, and one SQLite file for all`,
  abilities: new Set(["cluster"]),
  prepare: async () => {
    if (RedisServer.program === null) throw new Error("there is no redis-server; apt-get install redis-server");
    await hocuspocus.prepare();
  },
  startCluster: async (dataFolder, count) => {
    const redis = await RedisServer.start();
    const nodes: RunningServer[] = [];
    const cluster: RunningCluster = {
      nodes,
      enginePids: () => [redis.pid],
      stop: async () => {
        for (const node of nodes) await node.stop();
        await redis[Symbol.asyncDispose]();
      },
    };
    try {
      for (let index = 0; index < count; index += 1) nodes.push(await startHocuspocus(dataFolder, redis.port));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  },
};
