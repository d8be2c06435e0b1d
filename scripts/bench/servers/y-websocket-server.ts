import { yWebsocketDialect } from "../load/y-websocket-dialect.ts";
import { installPeers, peersFolder, runtimeFor } from "./peers.ts";
import { freePort, launch, type ServerKind } from "./server.ts";

const runtime = runtimeFor("18.0.0");

export const yWebsocketServer: ServerKind = {
  name: "y-websocket",
  about: `@y/websocket-server 0.1.1 on ${runtime.name}: holds documents in memory, stores nothing`,
  abilities: new Set(["relay", "sync", "presence"]),
  prepare: installPeers,
  start: async () => {
    const port = await freePort();
    return launch({
      command: [runtime.executable, "node_modules/@y/websocket-server/src/server.js"],
      folder: peersFolder,
      environment: { HOST: "127.0.0.1", PORT: String(port) },
      dialect: yWebsocketDialect("/", { mergesUpdates: false }),
      port: (output) => (output.includes("running") ? port : undefined),
    });
  },
};
