import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { YurtClient } from "../../../src/client/client.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("the bus of servers on one database", () => {
  test("has connected them when they start, and shows how many there are", async () => {
    await using postgres = await PostgresServer.start();
    const cluster = { url: new URL(await postgres.newSchema()) };
    await using first = await startTestServer({ cluster });
    const peers = async ({ url } = first) =>
      /^yurt_bus_peers (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1];
    {
      await using second = await startTestServer({ cluster });
      expect([await peers(), await peers(second)]).toEqual(["1", "1"]);
    }
    await eventually("the second has said that it has ended", async () => (await peers()) === "0", 2_000);
    await using database = postgres.connect(cluster.url.href);
    const rows = await database`SELECT protocol FROM yurt_nodes`;
    expect([...rows]).toEqual([{ protocol: 1 }]);
  });

  test("is shown to administrators, with the database and whether the server leads", async () => {
    await using postgres = await PostgresServer.start();
    const url = await postgres.newSchema();
    const start = () => startTestServer({ cluster: { url: new URL(url) }, auth: { mode: "token", secrets: [] } });
    await using first = await start();
    const token = (await yurt(["token", "--admin", "--cluster-url", url])).out.trim();
    const shownBy = async (server: { readonly url: string }) =>
      (await new YurtClient({ url: server.url, token }).server.get()).cluster;
    await eventually("the only server leads", async () => (await shownBy(first))?.leads === true);
    await using second = await start();
    await eventually("they have met", async () => (await shownBy(first))?.otherNodes === 1);
    expect(await shownBy(second)).toEqual({
      database: expect.stringMatching(/^[^@]+\/[^@]+$/),
      otherNodes: 1,
      leads: false,
    });
  });
});
