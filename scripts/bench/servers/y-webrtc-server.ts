import { signalingDialect } from "../load/signaling-dialect.ts";
import { installPeers, peersFolder, runtimeFor } from "./peers.ts";
import { freePort, launch, type ServerKind } from "./server.ts";

const runtime = runtimeFor("18.0.0");

export const yWebrtcServer: ServerKind = {
  name: "y-webrtc",
  about: `y-webrtc 10.3.0's signaling server on ${runtime.name}`,
  abilities: new Set(["signaling"]),
  prepare: installPeers,
  start: async () => {
    const port = await freePort();
    return launch({
      command: [runtime.executable, "y-webrtc-entry.mjs"],
      folder: peersFolder,
      environment: { PORT: String(port) },
      dialect: signalingDialect,
      port: (output) => (output.includes("listening") ? port : undefined),
    });
  },
};
