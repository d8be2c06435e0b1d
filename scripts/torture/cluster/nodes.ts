import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SQL } from "bun";
import { PostgresServer } from "../../../test/support/programs/postgres.ts";
import { Node } from "./node.ts";

export interface NodesOptions {
  readonly count: number;
  /** The folder of the nodes' data folders. */
  readonly folder: string;
  /** Another build of the server than this repository's. */
  readonly executable?: string | undefined;
}

/** Nodes of a cluster as processes, on a Postgres of their own whose commits reach the disk. */
export class Nodes implements AsyncDisposable {
  readonly engine: PostgresServer;
  readonly all: readonly Node[];
  readonly #url: string;

  static async start({ count, folder, ...rest }: NodesOptions): Promise<Nodes> {
    await using opening = new AsyncDisposableStack();
    const engine = opening.use(await PostgresServer.start({ isDurable: true }));
    const url = await engine.newSchema();
    const urlThrough = (socket: string) => url.replace(encodeURIComponent(engine.socket), encodeURIComponent(socket));
    const started = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const name = `node ${index + 1}`;
        const dataFolder = join(folder, name.replace(" ", "-"));
        await mkdir(dataFolder, { recursive: true });
        return Node.start({ ...rest, name, port: freePort(), dataFolder, socket: engine.socket, urlThrough });
      }),
    );
    for (const node of started) opening.use(node);
    opening.move();
    return new Nodes(engine, started, url);
  }

  private constructor(engine: PostgresServer, all: readonly Node[], url: string) {
    this.engine = engine;
    this.all = all;
    this.#url = url;
  }

  /** Connects to the tables of the cluster, past all that happens to its nodes. */
  connect(): SQL {
    return new SQL(this.#url, { max: 1, connectionTimeout: 1, connection: { application_name: "torture" } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.all) await node[Symbol.asyncDispose]();
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
