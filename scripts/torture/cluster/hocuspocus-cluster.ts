import { Database } from "bun:sqlite";
import { join } from "node:path";
import { RedisClient } from "bun";
import * as Y from "yjs";
import { freePort } from "../../../test/support/programs/free-port.ts";
import { RedisServer } from "../../bench/cluster/redis-server.ts";
import { residentBytes } from "../../bench/process-stats.ts";
import { hocuspocusCommand } from "../../bench/servers/hocuspocus.ts";
import { installPeers, peersFolder } from "../../bench/servers/peers.ts";
import { within } from "../../within.ts";
import type { TorturedCluster, TorturedNode } from "./tortured-cluster.ts";

export interface HocuspocusClusterOptions {
  readonly count: number;
  /** The folder of the database. */
  readonly folder: string;
}

const startMs = 20_000;

/** Hocuspocus with its Redis extension and one SQLite file, as a comparison. Its networks cannot be cut. */
export class HocuspocusCluster implements TorturedCluster {
  readonly engine: RedisServer;
  readonly nodes: readonly HocuspocusNode[];
  readonly storesFirst = false;
  readonly #file: string;

  static async start({ count, folder }: HocuspocusClusterOptions): Promise<HocuspocusCluster> {
    await installPeers();
    await using opening = new AsyncDisposableStack();
    const engine = opening.use(await RedisServer.start());
    const nodes: HocuspocusNode[] = [];
    for (let index = 1; index <= count; index += 1)
      nodes.push(opening.use(await HocuspocusNode.start(`node ${index}`, folder, engine.port)));
    opening.move();
    return new HocuspocusCluster(engine, nodes, join(folder, "hocuspocus.db"));
  }

  private constructor(engine: RedisServer, nodes: readonly HocuspocusNode[], file: string) {
    this.engine = engine;
    this.nodes = nodes;
    this.#file = file;
  }

  async endConnections(): Promise<number> {
    const redis = new RedisClient(`redis://127.0.0.1:${this.engine.port}`);
    try {
      const ended = ["pubsub", "normal"].map((type) => redis.send("CLIENT", ["KILL", "TYPE", type, "SKIPME", "yes"]));
      return (await Promise.all(ended)).reduce((sum, count) => sum + Number(count), 0);
    } finally {
      redis.close();
    }
  }

  async stored(document: string): Promise<Y.Doc> {
    using database = new Database(this.#file, { readonly: true });
    const query = database.query<{ readonly data: Uint8Array }, [string]>("SELECT data FROM documents WHERE name = ?");
    const doc = new Y.Doc();
    const row = query.get(document);
    if (row !== null) Y.applyUpdate(doc, row.data);
    return doc;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
  }
}

class HocuspocusNode implements TorturedNode, AsyncDisposable {
  readonly name: string;
  readonly wsUrl: string;
  readonly faults: string[] = [];
  isServing = false;
  readonly #command: readonly string[];
  #process: Bun.Subprocess<"ignore", "pipe", "ignore">;

  static async start(name: string, folder: string, redisPort: number): Promise<HocuspocusNode> {
    const port = freePort();
    const node = new HocuspocusNode(name, port, hocuspocusCommand(port, join(folder, "hocuspocus.db"), redisPort));
    await node.#listen();
    return node;
  }

  private constructor(name: string, port: number, command: readonly string[]) {
    this.name = name;
    this.wsUrl = `ws://127.0.0.1:${port}`;
    this.#command = command;
    this.#process = this.#run();
  }

  get pid(): number {
    return this.#process.pid;
  }

  get memory(): number {
    return residentBytes(this.pid);
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  stop(): Promise<number | null> {
    return this.#end("SIGTERM");
  }

  async restart(): Promise<void> {
    this.#process = this.#run();
    await this.#listen();
  }

  freeze(): void {
    this.isServing = false;
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process.kill("SIGCONT");
    this.isServing = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGCONT");
    await this.#end("SIGKILL");
  }

  #run(): Bun.Subprocess<"ignore", "pipe", "ignore"> {
    const env = { PATH: process.env["PATH"] ?? "", NODE_ENV: "production" };
    return Bun.spawn([...this.#command], { cwd: peersFolder, env, stdio: ["ignore", "pipe", "ignore"] });
  }

  async #listen(): Promise<void> {
    const listening = Promise.withResolvers<void>();
    const read = async () => {
      for await (const chunk of this.#process.stdout)
        if (new TextDecoder().decode(chunk).includes("listening")) listening.resolve();
      listening.reject(new Error(`${this.name} ended before it listened`));
    };
    void read();
    await within(startMs, `${this.name} listens`, listening.promise);
    this.isServing = true;
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    this.isServing = false;
    if (this.#process.exitCode !== null || this.#process.signalCode !== null)
      this.faults.push(`${this.name} has ended by itself`);
    this.#process.kill(signal);
    await within(startMs, `${this.name} ends`, this.#process.exited);
    return this.#process.exitCode;
  }
}
