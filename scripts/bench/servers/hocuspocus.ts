import { join } from "node:path";
import { hocuspocusDialect } from "../load/hocuspocus-dialect.ts";
import { installPeers, peersFolder, runtimeFor } from "./peers.ts";
import { freePort, launch, type RunningServer, type ServerKind } from "./server.ts";

/** The first version with `node:sqlite`. */
const runtime = runtimeFor("22.13.0");

export const hocuspocus: ServerKind = {
  name: "hocuspocus",
  about: `Hocuspocus 4.7.0 on ${runtime.name}, SQLite extension with defaults: merges updates of one moment, stores 2 to 10 s later`,
  abilities: new Set(["relay", "sync", "presence", "storage"]),
  prepare: installPeers,
  start: (dataFolder) => startHocuspocus(dataFolder),
};

/** The command of a server in `peersFolder`; without a Redis it is alone. */
export function hocuspocusCommand(port: number, file: string, redisPort?: number): readonly string[] {
  const redis = redisPort === undefined ? [] : [String(redisPort)];
  return [runtime.executable, "hocuspocus-entry.mjs", String(port), file, ...redis];
}

/** Starts one server, which shares its documents with the others of that Redis, if there is one. */
export async function startHocuspocus(dataFolder: string, redisPort?: number): Promise<RunningServer> {
  const port = await freePort();
  return launch({
    command: hocuspocusCommand(port, join(dataFolder, "hocuspocus.db"), redisPort),
    folder: peersFolder,
    dialect: hocuspocusDialect("/", { mergesUpdates: true }),
    port: (output) => (output.includes("listening") ? port : undefined),
  });
}
