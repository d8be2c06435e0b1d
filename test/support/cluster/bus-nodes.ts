import type { Bus } from "../../../src/cluster/bus.ts";
import type { Clock } from "../../../src/lib/time/clock.ts";
import { createMetrics, type Metrics } from "../../../src/ops/metrics.ts";
import { decodeEnvelope } from "../../../src/storage/postgres/bus/bus-codec.ts";
import { type OpenBus, openPostgresBus } from "../../../src/storage/postgres/bus/postgres-bus.ts";
import { type Connections, openConnections } from "../../../src/storage/postgres/connections.ts";
import { migrate, schema } from "../../../src/storage/postgres/migrations.ts";
import type { PostgresServer } from "../programs/postgres.ts";
import { DatabaseProxy } from "../proxies/database-proxy.ts";
import { fastClock } from "./fast-clock.ts";

/** A node with a network of its own to the database, and a clock that runs 25 times as fast. */
export interface BusNode {
  readonly bus: OpenBus;
  readonly metrics: Metrics;
  readonly database: Connections;
  readonly proxy: DatabaseProxy;
}

/** The nodes on one schema, each with a network of its own to the database. */
export class BusNodes implements AsyncDisposable {
  readonly nodes: BusNode[] = [];
  readonly #server: PostgresServer;
  /** The URL of their schema. */
  readonly url: string;

  private constructor(server: PostgresServer, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async on(server: PostgresServer): Promise<BusNodes> {
    const url = await server.newSchema();
    await using database = server.connect(url);
    await migrate(database, schema);
    return new BusNodes(server, url);
  }

  /** `url` may be that of another proxy to the schema. */
  async join({ clock = fastClock(25), url }: { readonly clock?: Clock; readonly url?: string } = {}): Promise<BusNode> {
    const proxy = await DatabaseProxy.open(this.#server.socket);
    const database = openConnections({ url: url ?? proxy.through(this.url) });
    const metrics = createMetrics();
    const bus = await openPostgresBus({ database, clock, metrics, release: "1.2.3" });
    const node = { bus, metrics, database, proxy };
    this.nodes.push(node);
    return node;
  }

  nodeOf(bus: Bus): BusNode {
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.nodes.map(async ({ bus, database, proxy }) => {
        await bus.close();
        await database.close();
        proxy[Symbol.dispose]();
      }),
    );
  }
}
