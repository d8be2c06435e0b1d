import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { synced, TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { CuttingProxy } from "../../support/proxies/cutting-proxy.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("two servers on one database", () => {
  let postgres: PostgresServer;
  let cluster: { readonly url: URL };

  beforeAll(async () => {
    postgres = await PostgresServer.start();
  });

  afterAll(() => postgres[Symbol.asyncDispose]());

  beforeEach(async () => {
    cluster = { url: new URL(await postgres.newSchema()) };
  });

  test("bring what a client of one writes to the clients of both", async () => {
    await using first = await startTestServer({ cluster });
    await using second = await startTestServer({ cluster });
    await using clients = new TestClients();
    const near = clients.connect(first.wsUrl, "shared");
    const far = clients.connect(second.wsUrl, "shared");
    await Promise.all([near, far].map(synced));

    near.text.insert(0, "from the first");
    await eventually("the second has it", () => far.text.toString() === "from the first");
    far.text.insert(0, "and back ");
    await eventually("the first has it", () => near.text.toString() === "and back from the first");

    const found = await fetch(`${second.url}/v1/docs/shared`);
    const info = await found.json();
    expect(info).toMatchObject({ name: "shared" });
  });

  test("say why they are not ready while the database does not answer, and stay alive", async () => {
    await using proxy = await CuttingProxy.to(postgres.socket);
    const behind = { url: new URL(await postgres.newSchema(proxy.socket)) };
    await using server = await startTestServer({ cluster: behind });
    const answerOf = async (path: string) => {
      const response = await fetch(server.url + path);
      return [response.status, await response.text()] as const;
    };
    expect(await answerOf("/readyz")).toEqual([200, "ready\n"]);
    proxy.cut();
    await eventually("not ready", async () => (await answerOf("/readyz"))[0] === 503);
    expect((await answerOf("/readyz"))[1]).toMatch(/^not ready: the database has not answered for \d+ s\n$/);
    expect(await answerOf("/healthz")).toEqual([200, "ok\n"]);
    proxy.mend();
    await eventually("ready", async () => (await answerOf("/readyz"))[0] === 200);
  });

  test("stop within seconds while the database does not answer, also with an update that waits for it", async () => {
    await using proxy = await CuttingProxy.to(postgres.socket);
    await using clients = new TestClients();
    const server = await startTestServer({ cluster: { url: new URL(await postgres.newSchema(proxy.socket)) } });
    const writer = clients.connect(server.wsUrl, "waiting");
    await synced(writer);
    writer.text.insert(0, "stored");
    await eventually("it is stored", async () => (await fetch(`${server.url}/v1/docs/waiting`)).status === 200);
    proxy.cut();
    writer.text.insert(0, "not ");
    const begunAt = performance.now();
    await server[Symbol.asyncDispose]();
    expect(performance.now() - begunAt).toBeLessThan(9_000);
  });

  test("find the documents when they start again with other data folders", async () => {
    {
      await using server = await startTestServer({ cluster });
      await using clients = new TestClients();
      const writer = clients.connect(server.wsUrl, "kept");
      await synced(writer);
      writer.text.insert(0, "kept");
      const reader = clients.connect(server.wsUrl, "kept");
      await eventually("it is stored", () => reader.text.toString() === "kept");
    }
    await using server = await startTestServer({ cluster });
    const answer = await fetch(`${server.url}/v1/docs/kept/update`);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, await answer.bytes());
    expect(doc.getText("text").toString()).toBe("kept");
  });
});
