import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SQL } from "bun";
import type * as Y from "yjs";
import { PostgresServer } from "../../../test/support/programs/postgres.ts";
import { storedDocument } from "./audit.ts";
import type { TorturedCluster } from "./tortured-cluster.ts";
import { YurtNode } from "./yurt-node.ts";

export interface YurtClusterOptions {
  readonly count: number;
  /** The folder of the nodes' data folders. */
  readonly folder: string;
  /** Another build of the server than this repository's. */
  readonly executable?: string | undefined;
}

/** Nodes of a cluster as processes, on a Postgres of their own whose commits reach the disk. */
export class YurtCluster implements TorturedCluster {
  readonly engine: PostgresServer;
  readonly nodes: readonly YurtNode[];
  readonly storesFirst = true;
  readonly #database: SQL;

  static async start({ count, folder, ...rest }: YurtClusterOptions): Promise<YurtCluster> {
    await using opening = new AsyncDisposableStack();
    const engine = opening.use(await PostgresServer.start({ isDurable: true }));
    const url = await engine.newSchema();
    const urlThrough = (socket: string) => url.replace(encodeURIComponent(engine.socket), encodeURIComponent(socket));
    const started = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const name = `node ${index + 1}`;
        const dataFolder = join(folder, name.replace(" ", "-"));
        await mkdir(dataFolder, { recursive: true });
        return YurtNode.start({ ...rest, name, port: freePort(), dataFolder, socket: engine.socket, urlThrough });
      }),
    );
    for (const node of started) opening.use(node);
    opening.move();
    return new YurtCluster(engine, started, url);
  }

  private constructor(engine: PostgresServer, nodes: readonly YurtNode[], url: string) {
    this.engine = engine;
    this.nodes = nodes;
    this.#database = new SQL(url, { max: 1, connectionTimeout: 1, connection: { application_name: "torture" } });
  }

  async endConnections(): Promise<number> {
    const ended = await this.#database`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'yurt'`;
    return ended.length;
  }

  stored(document: string): Promise<Y.Doc> {
    return storedDocument(document, this.#database);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close({ timeout: 0 });
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
    await this.engine[Symbol.asyncDispose]();
  }
}

/**
 * A port that was free a moment ago, and that the kernel gives to no connection (`ip_local_port_range`): a node keeps its
 * port when it starts again.
 */
function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Bun.listen({ hostname: "127.0.0.1", port, socket: { data: () => {} } }).stop(true);
      return port;
    } catch {
      // Another program listens there.
    }
  }
}
