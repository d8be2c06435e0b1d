import type { PostgresServer } from "../programs/postgres.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "../servers/start-test-server.ts";
import { type Tuple, tuple } from "../tuple.ts";

/** Servers in this process that share the tables of a schema of their own. */
export class TestCluster<N extends number> implements AsyncDisposable {
  readonly nodes: Tuple<N, TestServer>;
  readonly #started: readonly TestServer[];

  /** Starts `count` servers with the same options. Once they have started, they have met. */
  static async start<const N extends number>(
    count: N,
    postgres: PostgresServer,
    options: Omit<TestServerOptions, "cluster"> = {},
  ): Promise<TestCluster<N>> {
    const cluster = { url: new URL(await postgres.newSchema()) };
    const started = Array.from({ length: count }, () => startTestServer({ ...options, cluster }));
    return new TestCluster(count, await Promise.all(started));
  }

  private constructor(count: N, started: readonly TestServer[]) {
    this.#started = started;
    this.nodes = tuple(count, started);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#started.map((node) => node.stop()));
  }
}
