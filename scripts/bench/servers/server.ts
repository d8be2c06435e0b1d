import { createServer } from "node:net";
import { within } from "../../within.ts";
import type { NodeProgram } from "../cluster/nodes/node-program.ts";
import type { NodeLoad } from "../cluster/nodes/node-traffic.ts";
import type { Dialect } from "../load/dialect.ts";
import type { TurnAccess } from "../load/turn/turn-access.ts";

/** A feature of a server that a scenario can require. */
export type Ability =
  | "relay"
  | "sync"
  | "presence"
  | "storage"
  | "signaling"
  | "api"
  | "turn"
  | "cluster"
  | "cluster-nodes";

export interface RunningServer {
  readonly pid: number;
  readonly port: number;
  /** The dialect of its documents. */
  readonly dialect: Dialect;
  /** The dialect of its signaling topics. */
  readonly signaling: Dialect;
  /** Undefined if it has no TURN. */
  readonly turn?: TurnAccess;
  /** Ends the process after it has written its data. Idempotent. */
  stop(): Promise<void>;
}

/** Servers that share their documents, or processes that do as they do. */
export interface RunningCluster<Node = RunningServer> {
  readonly nodes: readonly Node[];
  /** The processes of the database, or of whatever they share their documents by. */
  enginePids(): readonly number[];
  /** The median time of one commit while nothing else happens, in milliseconds, if they have a database. */
  readonly commitMs?: number;
  stop(): Promise<void>;
}

export interface RatioGoal {
  readonly atMost: number;
  /** The other server's name. */
  readonly of: string;
}

/** A server that can be measured. */
export interface ServerKind {
  readonly name: string;
  /** A description in a few words: the server and its guarantee. */
  readonly about: string;
  readonly abilities: ReadonlySet<Ability>;
  /** The upper bound of its figures as a multiple of another server's. */
  readonly goal?: RatioGoal;
  /** The name of the server with which it takes turns, so that the ratio of each pair is known. */
  readonly pairedWith?: string;
  /** Builds or installs the server if that has not been done. */
  prepare(): Promise<void>;
  /** Starts the server on a free port of 127.0.0.1, with its data in `dataFolder`. */
  start(dataFolder: string): Promise<RunningServer>;
  /** Starts a number of servers that share their documents. A server has it that has the ability. */
  startCluster?(dataFolder: string, nodes: number): Promise<RunningCluster>;
  /** Starts the rooms of a number of servers that share their documents, with their members. As `startCluster`. */
  startNodes?(dataFolder: string, load: Omit<NodeLoad, "node">): Promise<RunningCluster<NodeProgram>>;
}

export interface Launch {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly dialect: Dialect;
  readonly signaling?: Dialect;
  /** The port, found in the output so far, or the given one if the server takes it as an argument. */
  readonly port: (output: string) => number | undefined;
}

const startLimitMs = 20_000;
const stopLimitMs = 10_000;

/** Starts a process and waits until it listens. */
export async function launch({
  command,
  folder,
  environment,
  dialect,
  signaling = dialect,
  port,
}: Launch): Promise<RunningServer> {
  const child = Bun.spawn([...command], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", NODE_ENV: "production", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => end(child);
  const errors = child.stderr.text();
  try {
    const listening = portOf(child.stdout, port);
    const found = await within(startLimitMs, `the start of ${command.join(" ")}`, listening);
    if (found === undefined) throw new Error(`${command.join(" ")} ended at its start: ${await errors}`);
    return { pid: child.pid, port: found, dialect, signaling, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Reading continues after the port is known, because the process would block when the pipe is full. */
async function portOf(stream: ReadableStream<Uint8Array>, port: Launch["port"]): Promise<number | undefined> {
  const found = Promise.withResolvers<number | undefined>();
  const read = async () => {
    const decoder = new TextDecoder();
    let output = "";
    let known: number | undefined;
    for await (const chunk of stream) {
      if (known !== undefined) continue;
      output += decoder.decode(chunk, { stream: true });
      known = port(output);
      if (known !== undefined) found.resolve(known);
    }
    found.resolve(undefined);
  };
  read().catch(found.reject);
  return found.promise;
}

async function end(child: Bun.Subprocess): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
  await child.exited;
  clearTimeout(timer);
}

/** A port that was free a moment ago, for servers that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
  });
  return promise;
}
