import { afterAll, beforeAll, describe, setDefaultTimeout } from "bun:test";
import type { Bus } from "../../../../src/cluster/bus.ts";
import type { Clock } from "../../../../src/lib/time/clock.ts";
import { createMetrics, type Metrics } from "../../../../src/ops/metrics.ts";
import { decodeEnvelope } from "../../../../src/storage/postgres/bus/bus-codec.ts";
import { type OpenBus, openPostgresBus } from "../../../../src/storage/postgres/bus/postgres-bus.ts";
import { type Connections, openConnections } from "../../../../src/storage/postgres/connections.ts";
import { migrate, schema } from "../../../../src/storage/postgres/migrations.ts";
import { type BusMedium, describeBus } from "../../../contract/bus.ts";
import { fastClock } from "../../../support/cluster/fast-clock.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";
import { DatabaseProxy } from "../../../support/proxies/database-proxy.ts";

setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("the bus in Postgres", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  describeBus("on notifications", async () => {
    const cluster = await Cluster.open(server);
    return {
      open: async () => (await cluster.join()).bus,
      cut: (bus) => cluster.nodeOf(bus).proxy.cut(),
      heal: (bus) => cluster.nodeOf(bus).proxy.heal(),
      kill: (bus) => cluster.nodeOf(bus).proxy.cut(),
      loseNext: (bus) => cluster.loseNext(bus),
      close: () => cluster.close(),
    } satisfies BusMedium;
  });
});

interface Node {
  readonly bus: OpenBus;
  readonly metrics: Metrics;
  readonly database: Connections;
  readonly proxy: DatabaseProxy;
}

/** The nodes on one schema, each with a network of its own to the database. */
class Cluster {
  readonly nodes: Node[] = [];
  readonly #server: PostgresServer;
  readonly #url: string;

  private constructor(server: PostgresServer, url: string) {
    this.#server = server;
    this.#url = url;
  }

  static async open(server: PostgresServer): Promise<Cluster> {
    const url = await server.newSchema();
    await using database = server.connect(url);
    await migrate(database, schema);
    return new Cluster(server, url);
  }

  async join(clock: Clock = fastClock(25)): Promise<Node> {
    const proxy = await DatabaseProxy.open(this.#server.socket);
    const database = openConnections({ url: proxy.through(this.#url) });
    const metrics = createMetrics();
    const bus = await openPostgresBus({ database, clock, metrics, release: "1.2.3" });
    const node = { bus, metrics, database, proxy };
    this.nodes.push(node);
    return node;
  }

  nodeOf(bus: Bus): Node {
    const found = this.nodes.find((node) => node.bus === bus);
    if (found === undefined) throw new Error("an unknown bus");
    return found;
  }

  /** Has the others not hear the next envelope of a node that has a message. */
  loseNext({ node }: Bus): void {
    for (const { bus, proxy } of this.nodes) {
      if (bus.node === node) continue;
      proxy.filter((payload) => {
        if (!payload.startsWith(node)) return true;
        const envelope = decodeEnvelope(Uint8Array.fromBase64(payload.slice(node.length)));
        if (envelope?.items.some(({ kind }) => kind === "message") !== true) return true;
        proxy.filter(() => true);
        return false;
      });
    }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.nodes.map(async ({ bus, database, proxy }) => {
        await bus.close();
        await database.close();
        proxy[Symbol.dispose]();
      }),
    );
  }
}
