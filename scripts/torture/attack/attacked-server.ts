import { readFileSync } from "node:fs";
import { signWithSecret } from "../../../test/support/bytes/token-signer.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { WebhookApplication } from "../../../test/support/servers/webhook-application.ts";
import { within } from "../../within.ts";
import { ServerProcess } from "../server-process.ts";
import { type Attack, documents } from "./attacker.ts";
import { bombRoom } from "./plays/access.ts";

/** A server that is to be attacked, with what honest clients need to know. */
export interface AttackedServer extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** The token of honest clients, if the server asks for one. */
  readonly token: string | undefined;
  /** The first lines of its log of level error or above. */
  readonly troubles: readonly string[];
  readonly hasEnded: boolean;
}

export interface AttackedServerOptions {
  readonly dataFolder: string;
  readonly executable: string;
}

const limitMs = 20_000;
const secret = "with-this-secret-honest-clients-tokens-are-signed";
const bombBytes = 200_000_000;
/** The attacker is behind this proxy, so that the limits per address hold for it; honest clients are not. */
const proxied = ["--proxy-trusted", "127.0.0.1"];

export function startAttacked(kind: Attack["server"], options: AttackedServerOptions): Promise<AttackedServer> {
  switch (kind) {
    case undefined:
      return startPlain(options, []);
    case "token":
      return startWithTokens(options);
    case "webhook":
      return startWithWebhook(options);
    case "terminal":
      return startOnTerminal(options);
  }
}

async function startPlain(
  { dataFolder, executable }: AttackedServerOptions,
  args: readonly string[],
  token?: string,
): Promise<AttackedServer> {
  const server = new ServerProcess({ dataFolder, executable, args: [...proxied, ...args] });
  const port = await within(limitMs, "the server listens", server.port());
  return {
    pid: server.pid,
    port,
    token,
    get troubles() {
      return server.troubles;
    },
    get hasEnded() {
      return server.hasEnded;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startWithTokens(options: AttackedServerOptions): Promise<AttackedServer> {
  const expiresAt = Math.floor(Date.now() / 1_000) + 3_600;
  const token = await signWithSecret(secret, { sub: "honest", rooms: { "**": "write" }, exp: expiresAt });
  return startPlain(options, ["--auth-mode", "token", "--auth-secret", secret], token);
}

/** The application admits everyone to the rooms of honest clients, and answers for some others with a bomb. */
async function startWithWebhook(options: AttackedServerOptions): Promise<AttackedServer> {
  const bomb = Bun.gzipSync(new Uint8Array(bombBytes).fill(32));
  const admitted: ReadonlySet<string> = new Set([documents.pair, documents.visited]);
  const application = new WebhookApplication(({ body }) => {
    // The application keeps every request otherwise.
    application.received.length = 0;
    const { room } = JSON.parse(body);
    if (admitted.has(room)) return Response.json({ access: "write" });
    if (!String(room).startsWith(bombRoom)) return Response.json({ access: "none" });
    return new Response(bomb, { headers: { "content-encoding": "gzip", "content-type": "application/json" } });
  });
  const server = await startPlain(options, ["--auth-mode", "webhook", "--auth-webhook-url", application.url.href]);
  return {
    ...server,
    // A getter of the spread object would be read once.
    get troubles() {
      return server.troubles;
    },
    get hasEnded() {
      return server.hasEnded;
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await application[Symbol.asyncDispose]();
    },
  };
}

const stoppedMs = 3_000;
const readMs = 50;

/** The log goes to a terminal, whose program reads nothing most of the time. */
async function startOnTerminal({ dataFolder, executable }: AttackedServerOptions): Promise<AttackedServer> {
  const port = freePort();
  const command = [executable, "--port", port, "--data", dataFolder, ...proxied].map((word) => `'${word}'`).join(" ");
  // util-linux; it runs the command on a terminal of its own.
  const terminal = Bun.spawn(["script", "--quiet", "--return", "--command", `exec ${command}`, "/dev/null"], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {},
  });
  const isReady = async () => {
    if (terminal.exitCode !== null) throw new Error(`the terminal ended with ${terminal.exitCode}`);
    return fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await eventually("the server listens", isReady, limitMs);
  const [pid] = readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, "utf8").split(" ");
  let isOver = false;
  void (async () => {
    while (!isOver) {
      terminal.kill("SIGSTOP");
      await Bun.sleep(stoppedMs);
      terminal.kill("SIGCONT");
      await Bun.sleep(readMs);
    }
  })();
  return {
    pid: Number(pid),
    port,
    token: undefined,
    troubles: [],
    get hasEnded() {
      return terminal.exitCode !== null;
    },
    [Symbol.asyncDispose]: async () => {
      isOver = true;
      process.kill(Number(pid), "SIGKILL");
      terminal.kill("SIGKILL");
      await terminal.exited;
    },
  };
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
