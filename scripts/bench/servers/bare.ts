import { join } from "node:path";
import { bareSignalingDialect } from "../load/signaling-dialect.ts";
import { bareDialect } from "../load/y-websocket-dialect.ts";
import { launch, type ServerKind } from "./server.ts";

/** The least work that any relay on Bun must do: the measure of the machine. */
export const bare: ServerKind = {
  name: "bare",
  about: "a bare Bun.serve that publishes every message to the others of its path, unread and unstored",
  abilities: new Set(["relay", "signaling"]),
  prepare: async () => {},
  start: (dataFolder) =>
    launch({
      command: [process.execPath, join(import.meta.dir, "bare-server.ts")],
      folder: dataFolder,
      dialect: bareDialect,
      signaling: bareSignalingDialect,
      port: (output) => (output.endsWith("\n") ? Number(output) : undefined),
    }),
};
