import { connectTurn } from "../../../src/turn/client/sockets/connect-turn.ts";
import { findProgram, installCommand } from "../../../test/support/processes/programs.ts";
import { yWebsocketDialect } from "../load/y-websocket-dialect.ts";
import { freePort, launch, type ServerKind } from "./server.ts";

const secret = "secret-of-a-server-that-serves-this-machine-only";

/** coturn has no protocol for documents. */
const noDialect = yWebsocketDialect("/", { mergesUpdates: false });

export const coturn: ServerKind = {
  name: "coturn",
  about: "coturn of Debian with one relay thread",
  abilities: new Set(["turn"]),
  prepare: async () => {
    if (findProgram("turnserver") === undefined) {
      throw new Error(`there is no turnserver. To install it: ${installCommand(["turnserver"])}`);
    }
  },
  start: async (dataFolder) => {
    const port = await freePort();
    const running = await launch({
      command: [
        findProgram("turnserver") ?? "turnserver",
        ...["-n", "--no-cli", "--no-tls", "--no-dtls", "--allow-loopback-peers", "--log-file=stdout", "-m", "1"],
        ...["-L", "127.0.0.1", "-E", "127.0.0.1", "-p", `${port}`, "--pidfile", `${dataFolder}/coturn.pid`],
        ...["--realm=bench", "--use-auth-secret", `--static-auth-secret=${secret}`, "--stale-nonce=600"],
      ],
      folder: dataFolder,
      dialect: noDialect,
      port: (output) => (output === "" ? undefined : port),
    });
    await answered(port);
    return { ...running, turn: { port, secret } };
  },
};

/** Resolves when the server answers a Binding request. */
async function answered(port: number): Promise<void> {
  for (;;) {
    const client = await connectTurn({ transport: "udp", host: "127.0.0.1", port, timeoutMs: 200 });
    const isReady = await client.binding().then(
      () => true,
      () => false,
    );
    client.close();
    if (isReady) return;
  }
}
