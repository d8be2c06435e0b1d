import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("the bus of servers on one database", () => {
  test("connects them, and shows how many there are", async () => {
    await using postgres = await PostgresServer.start();
    const cluster = { url: new URL(await postgres.newSchema()) };
    await using first = await startTestServer({ cluster });
    const peers = async () => /^yurt_bus_peers (\d+)$/m.exec(await (await fetch(`${first.url}/metrics`)).text())?.[1];
    {
      await using second = await startTestServer({ cluster });
      await eventually("they have met", async () => (await peers()) === "1");
      expect(second.url).not.toBe(first.url);
    }
    await eventually("the second has said that it has ended", async () => (await peers()) === "0", 2_000);
    await using database = postgres.connect(cluster.url.href);
    const rows = await database`SELECT protocol FROM yurt_nodes`;
    expect([...rows]).toEqual([{ protocol: 1 }]);
  });
});
