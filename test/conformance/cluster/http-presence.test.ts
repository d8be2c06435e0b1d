import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mintToken } from "../../../src/auth/token/mint-token.ts";
import { systemClock } from "../../../src/lib/time/clock.ts";
import { askApi } from "../../support/api/api-server.ts";
import { synced, TestClients } from "../../support/clients/providers.ts";
import { TestCluster } from "../../support/cluster/test-cluster.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import type { TestServer } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the database with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("presence over HTTP on three nodes", () => {
  let postgres: PostgresServer;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });
  afterAll(() => postgres[Symbol.asyncDispose]());

  test("is read and set at any node, and clients of all nodes are disconnected", async () => {
    const secret = "the secret of the nodes, which is long enough";
    await using cluster = await TestCluster.start(3, postgres, { auth: { mode: "open", secrets: [secret] } });
    const [first, second, third] = cluster.nodes;
    await using clients = new TestClients();
    const ann = clients.connect(first.wsUrl, "notes");
    await synced(ann);
    ann.provider.awareness.setLocalState({ name: "a" });
    const order = { secret, rooms: new Map(), isAdmin: true, lifetimeMs: 60_000, clock: systemClock };
    const token = await mintToken(order);
    const ask = async ({ url }: TestServer, path: string, sent?: unknown) => {
      const method = sent === undefined ? "GET" : "POST";
      return (await askApi(url, method, `/v1/docs/notes/${path}`, { token, body: sent })).body;
    };
    const { clientId } = await ask(second, "awareness", { state: { name: "h" } });
    const again = await ask(third, "awareness", { clientId, state: { name: "i" } });
    expect(again).toMatchObject({ clientId, clock: 2 });
    const states = () => [...ann.provider.awareness.getStates().values()].map(({ name }) => name).toSorted();
    await eventually("it is seen", () => Bun.deepEquals(states(), ["a", "i"]));
    for (const node of cluster.nodes) {
      const { items } = await ask(node, "awareness");
      expect(JSON.stringify(items)).toMatch(/(?=.*"a")(?=.*"i")/);
    }
    const { promise: closed, resolve } = Promise.withResolvers<number | undefined>();
    ann.provider.on("connection-close", (event) => resolve(event?.code));
    expect(await ask(third, "disconnect", {})).toEqual({ disconnected: 1 });
    expect(await closed).toBe(4501);
  });
});
