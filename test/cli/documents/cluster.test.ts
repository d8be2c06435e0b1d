import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { synced, type TestClient, TestClients } from "../../support/clients/providers.ts";
import { eventually } from "../../support/eventually.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { yurt } from "../../support/processes/run-program.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { startTestServer } from "../../support/servers/start-test-server.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("documents in a database", () => {
  let postgres: PostgresServer;
  let workshop: Workshop;
  let url: string;

  beforeAll(async () => {
    postgres = await PostgresServer.start();
    workshop = new Workshop();
  });

  afterAll(async () => {
    workshop[Symbol.dispose]();
    await postgres[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    url = await postgres.newSchema();
  });

  const run = (...args: readonly string[]) => yurt([...args, "--cluster-url", url, "--data", workshop.file("none")]);
  const documents = (...args: readonly string[]) => run("documents", ...args);

  test("are listed, copied, compacted, deleted and purged by the same commands, while servers use them", async () => {
    await using server = await startTestServer({ cluster: { url: new URL(url) } });
    await using clients = new TestClients();
    const writer = clients.connect(server.wsUrl, "notes/1");
    await synced(writer);
    writer.text.insert(0, "one");
    await eventually("it is stored", async () => (await documents("list")).out.includes("notes/1"));

    expect(await documents("fork", "notes/1", "notes/2")).toMatchObject({ code: 0, err: "" });
    const exported = workshop.file("documents.ndjson");
    expect(await documents("export", "--output", exported)).toMatchObject({ code: 0 });
    expect(await documents("compact")).toMatchObject({ code: 0, err: "" });
    writer.text.insert(3, " two");
    await eventually("the server goes on", async () => {
      const answer = await fetch(`${server.url}/v1/docs/notes%2F1/text/text`);
      return (await answer.text()).includes("one two");
    });

    expect((await documents("delete", "notes/2")).code).toBe(0);
    expect((await documents("list", "--deleted")).out).toContain("notes/2");
    expect((await documents("purge", "notes/2")).code).toBe(0);
    expect((await documents("info", "notes/2")).code).toBe(1);
    expect((await documents("import", "--from", "ndjson", exported)).code).toBe(0);
    expect((await documents("list")).out).toContain("notes/2");
  });

  test("end on all nodes within a second when a command deletes or purges them, and nobody who types creates them again", async () => {
    const shared = { cluster: { url: new URL(url) } };
    await using here = await startTestServer(shared);
    await using there = await startTestServer(shared);
    await using clients = new TestClients();
    for (const change of ["delete", "purge"]) {
      const name = `to ${change}`;
      const members = [here, there].map(({ wsUrl }) => clients.connect(wsUrl, name));
      await Promise.all(members.map(synced));
      const closes = members.map(closesOf);
      const typing = setInterval(() => {
        for (const { text } of members) text.insert(0, "x");
      }, 2);
      await eventually("it is stored", async () => (await documents("info", name)).code === 0);
      expect(await documents(change, name)).toMatchObject({ code: 0, err: "" });
      await eventually("all are ended", () => closes.every((codes) => codes.length > 0), 1_000);
      clearInterval(typing);
      expect(closes).toEqual([[4404], [4404]]);
    }
    expect((await documents("list", "--deleted", "--json")).out).toContain('"to delete"');
    expect((await documents("info", "to purge")).code).toBe(1);
  });

  test("are not in a backup of the data folder: its commands name the programs of Postgres", async () => {
    const refusal = { code: 1, err: expect.stringContaining("(cluster.url). Back it up with pg_dump") };
    expect(await run("backup", workshop.file("copy.db"))).toMatchObject(refusal);
  });

  test("are examined by the doctor, which changes nothing in the database", async () => {
    const findings = async () => {
      const { out } = await run("doctor", "--json", "--no-turn", "--port", "0");
      const all = out
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      return all.filter(({ check }) => check === "Database" || check === "Backups");
    };
    expect(await findings()).toMatchObject([
      { status: "ok", message: expect.stringMatching(/^yurt \(socket .+\) answers, and delivers notifications\.$/) },
      { status: "warn", message: "fsync is off in the database." },
    ]);
    await using database = postgres.connect(url);
    expect([...(await database`SELECT FROM pg_tables WHERE schemaname = current_schema()`)]).toEqual([]);
    url = postgres.urlOf("public", "/nonexistent/.s.PGSQL.5432");
    expect(await findings()).toMatchObject([{ status: "fail", message: expect.stringContaining("does not answer.") }]);
  });

  test("cannot be reached without their database, and the message says so", async () => {
    url = postgres.urlOf("public", "/nonexistent/.s.PGSQL.5432");
    expect(await documents("list")).toMatchObject({
      code: 1,
      err: expect.stringContaining("does not answer. Start it"),
    });
  });
});

/** The codes with which the connections of a client are closed from now on. */
function closesOf({ provider }: TestClient): readonly number[] {
  const codes: number[] = [];
  provider.on("connection-close", (event) => void (event !== null && codes.push(event.code)));
  return codes;
}
