import { eventually } from "../eventually.ts";
import type { PostgresServer } from "../programs/postgres.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../servers/start-test-server.ts";
import { type Tuple, tuple } from "../tuple.ts";

/** Servers in this process that share the tables of a schema of their own. */
export class TestCluster<N extends number> implements AsyncDisposable {
  readonly nodes: Tuple<N, TestServer>;
  readonly #started: readonly TestServer[];

  /** Starts `count` servers with the same options. Resolves when all of them hear each other. */
  static async start<const N extends number>(
    count: N,
    postgres: PostgresServer,
    options: Omit<TestServerOptions, "cluster"> = {},
  ): Promise<TestCluster<N>> {
    const database = { url: new URL(await postgres.newSchema()) };
    const started = Array.from({ length: count }, () => startTestServer({ ...options, cluster: database }));
    const cluster = new TestCluster(count, await Promise.all(started));
    await cluster.#heard();
    return cluster;
  }

  private constructor(count: N, started: readonly TestServer[]) {
    this.#started = started;
    this.nodes = tuple(count, started);
  }

  async #heard(): Promise<void> {
    const peers = `yurt_bus_peers ${this.#started.length - 1}\n`;
    const hears = async ({ url }: TestServer) => (await (await fetch(`${url}/metrics`)).text()).includes(peers);
    await Promise.all(this.#started.map((node) => eventually("the other nodes are heard", () => hears(node))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((node) => node.stop()));
  }
}
