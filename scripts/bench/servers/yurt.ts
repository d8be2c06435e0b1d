import { ensureExecutable, executable } from "../../ensure-executable.ts";
import { signalingDialect } from "../load/signaling-dialect.ts";
import { yWebsocketDialect } from "../load/y-websocket-dialect.ts";
import { launch, type ServerKind } from "./server.ts";

/** The executable of this repository, with its defaults. */
export const yurt: ServerKind = {
  name: "yurt",
  about: "this repository's executable with its defaults: an update is stored before it is forwarded",
  abilities: new Set(["relay", "sync", "presence", "storage", "signaling"]),
  prepare: ensureExecutable,
  start: (dataFolder) =>
    launch({
      command: [executable, "serve", "--port", "0", "--data", dataFolder],
      folder: dataFolder,
      dialect: yWebsocketDialect("/sync/"),
      signaling: signalingDialect,
      port: findPort,
    }),
};

const listening = /"event":"listening".*"port":(\d+)|"port":(\d+).*"event":"listening"/;

function findPort(log: string): number | undefined {
  const [, port, otherPort] = listening.exec(log) ?? [];
  const found = port ?? otherPort;
  return found === undefined ? undefined : Number(found);
}
