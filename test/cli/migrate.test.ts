import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TransferProgress } from "../../src/cli/migrate/transfer-progress.ts";
import { openOrCreateStore } from "../../src/composition/open-store.ts";
import { nextTurn } from "../../src/lib/time/next-turn.ts";
import { createMetrics } from "../../src/ops/metrics.ts";
import { openPostgresStore } from "../../src/storage/postgres/postgres-store.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";
import { Workshop } from "../support/processes/data-folder.ts";
import { isMissing } from "../support/processes/programs.ts";
import { yurt } from "../support/processes/run-program.ts";
import { PostgresServer } from "../support/programs/postgres.ts";
import { startTestServer } from "../support/servers/start-test-server.ts";

setDefaultTimeout(60_000);

const main = join(import.meta.dir, "../../src/main.ts");

describe.skipIf(isMissing("postgres"))("yurt migrate", () => {
  let server: PostgresServer;
  let workshop: Workshop;

  beforeAll(async () => {
    server = await PostgresServer.start();
    workshop = new Workshop();
  });

  afterAll(async () => {
    workshop[Symbol.dispose]();
    await server[Symbol.asyncDispose]();
  });

  /** A data folder with so many documents, named 0000 and so on, of this size. */
  async function filled(name: string, documents: number, bytes = 2): Promise<string> {
    const data = workshop.file(name);
    const opened = await openOrCreateStore({ dataFolder: data });
    const update = new Uint8Array(bytes);
    for (let first = 0; first < documents; first += 500) {
      const count = Math.min(500, documents - first);
      const names = Array.from({ length: count }, (_, index) => `${first + index}`.padStart(4, "0"));
      await opened.store.append(names.map((document) => ({ document, update, user: "ann" })));
    }
    await opened.close();
    return data;
  }

  async function rowsIn(url: string): Promise<number> {
    await using database = server.connect(url);
    const [found] = await database<{ readonly count: number }[]>`SELECT count(*)::int FROM yurt_updates`;
    return found?.count ?? 0;
  }

  test("copies the data folder into the database and back, and prints figures", async () => {
    const data = await filled("plain", 3);
    const url = await server.newSchema();
    const there = await yurt(["migrate", "--to", url, "--data", data, "--json"]);
    expect([there.code, there.err]).toEqual([0, ""]);
    expect(JSON.parse(there.out)).toMatchObject({ documents: 3, updates: 3, versions: 0, bytes: 6 });
    const target = workshop.file("back");
    const back = await yurt(["migrate", "--from", url, "--data", target], { isTTY: true });
    expect([back.code, back.err]).toEqual([0, ""]);
    expect(back.out).toMatch(/^documents +3\nupdates +3\n/);
    expect((await yurt(["documents", "list", "--data", target])).out).toMatch(/0000\n.*0001\n.*0002\n$/s);
  });

  test("takes the password of the database from a file, which belongs to the URL of the command", async () => {
    const data = await filled("with-password", 2);
    const url = await server.newSchema();
    const passwordFile = workshop.file("password");
    await Bun.write(passwordFile, "secret\n");
    const environment = { YURT_CLUSTER_PASSWORD_FILE: passwordFile };
    const { code, err } = await yurt(["migrate", "--to", url, "--data", data], { environment });
    expect([code, err]).toEqual([0, ""]);
  });

  test("says that the documents of the data folder are damaged", async () => {
    const data = workshop.file("damaged");
    mkdirSync(data);
    writeFileSync(join(data, "yurt.db"), "not a database");
    const { code, err } = await yurt(["migrate", "--to", await server.newSchema(), "--data", data]);
    expect(code).toBe(1);
    expect(err).toContain(`The documents in ${data} cannot be read: `);
  });

  test("needs exactly one database, whose URL it does not show", async () => {
    const data = await filled("unmoved", 1);
    for (const args of [[], ["--to", "postgres://a/b", "--from", "postgres://a/b"]]) {
      const { code, err } = await yurt(["migrate", ...args, "--data", data]);
      expect([code, err]).toEqual([
        2,
        "yurt: Nothing is copied. Give either --to or --from, with the URL of the database.\n",
      ]);
    }
    const { code, err } = await yurt(["migrate", "--to", "mysql://ann:secret@db/yurt", "--data", data]);
    expect(code).toBe(78);
    expect(err).toContain('cluster.url = "mysql://***@db/yurt" (flag --to)');
    const mode = await yurt(["migrate", "--from", "postgres://db/yurt?sslmode=foo", "--data", data]);
    expect(mode.code).toBe(78);
    expect(mode.err).toContain('cluster.url = "postgres://db/yurt?***" (flag --from)');
    expect(mode.err).toContain("There is no sslmode=foo.");
  });

  test.each(["to", "from"])("names --%s when that database does not answer", async (direction) => {
    const url = "postgres://yurt@127.0.0.1/yurt?host=/nonexistent";
    const data = direction === "to" ? await filled("unanswered", 1) : workshop.file("unfilled");
    const { code, err } = await yurt(["migrate", `--${direction}`, url, "--data", data]);
    expect([code, err]).toEqual([
      1,
      `yurt: The database yurt (socket /nonexistent) does not answer. Start it, or correct --${direction}.\n`,
    ]);
  });

  test("says why it is refused", async () => {
    const data = await filled("refused", 1);
    const url = await server.newSchema();
    const none = await yurt(["migrate", "--from", url, "--data", workshop.file("nothing")]);
    expect([none.code, none.err]).toEqual([
      1,
      "yurt: The database has no documents of Yurt. Give the URL of another one.\n",
    ]);
    const absent = workshop.file("absent");
    const missing = await yurt(["migrate", "--to", url, "--data", absent]);
    expect([missing.code, missing.err]).toEqual([
      1,
      `yurt: No Yurt data in ${absent}. Start the server once, or pass --data.\n`,
    ]);
    await yurt(["migrate", "--to", url, "--data", data]);
    const again = await yurt(["migrate", "--to", url, "--data", data]);
    expect([again.code, again.err]).toEqual([
      1,
      "yurt: A server has used the database already. Choose an empty database or schema.\n",
    ]);
    const full = await yurt(["migrate", "--from", url, "--data", data]);
    expect(full.err).toBe(`yurt: The data folder ${data} has documents already. Choose another folder with --data.\n`);
  });

  test("is refused while a server uses the database, and says so", async () => {
    const url = await server.newSchema();
    await using _ = await startTestServer({ cluster: { url: new URL(url) } });
    const { code, err } = await yurt(["migrate", "--from", url, "--data", workshop.file("running")]);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^yurt: A Yurt server uses the database: its last sign of life is \d+ s old\. Stop all servers\./,
    );
  });

  test("goes on after kill -9 in the middle of a copy into the database", async () => {
    const data = await filled("killed", 2_000);
    const url = await server.newSchema();
    await openPostgresStore({ url, metrics: createMetrics() }).then((store) => store.close());
    await using database = server.connect(url);
    // The copy waits for this document when it has copied those before.
    const copied = await database.begin(async (transaction) => {
      await transaction`INSERT INTO yurt_documents (name, rows_after) VALUES ('1200', 0)`;
      const child = Bun.spawn([process.execPath, main, "migrate", "--to", url, "--data", data]);
      let rows = 0;
      while (rows < 1_000 && child.exitCode === null) rows = await rowsIn(url);
      child.kill("SIGKILL");
      await child.exited;
      await transaction`DELETE FROM yurt_documents WHERE name = '1200'`;
      return rows;
    });
    expect(copied).toBe(1_000);
    const { code, err, out } = await yurt(["migrate", "--to", url, "--data", data, "--json"]);
    expect([code, err]).toEqual([0, "yurt: Going on: 1,000 documents are there already.\n"]);
    expect(JSON.parse(out)).toMatchObject({ documents: 2_000, updates: 2_000 });
    expect(await rowsIn(url)).toBe(2_000);
  });

  test("goes on after kill -9 in the middle of a copy into the data folder", async () => {
    const source = await filled("large", 600, 60_000);
    const url = await server.newSchema();
    await yurt(["migrate", "--to", url, "--data", source]);
    const target = workshop.file("partly");
    const child = Bun.spawn([process.execPath, main, "migrate", "--from", url, "--data", target]);
    while (documentsIn(join(target, "yurt.db.migrating")) === 0 && child.exitCode === null) await nextTurn();
    child.kill("SIGKILL");
    await child.exited;
    const copied = documentsIn(join(target, "yurt.db.migrating"));
    expect(copied).toBeGreaterThan(0);
    expect(copied).toBeLessThan(600);
    const { code, err, out } = await yurt(["migrate", "--from", url, "--data", target, "--json"]);
    expect([code, err]).toEqual([0, `yurt: Going on: ${copied} documents are there already.\n`]);
    expect(JSON.parse(out)).toMatchObject({ documents: 600, updates: 600, bytes: 36_000_000 });
    expect(documentsIn(join(target, "yurt.db"))).toBe(600);
  });

  /** 0 for a database that is not there yet, or has no tables. */
  function documentsIn(file: string): number {
    if (!existsSync(file)) return 0;
    try {
      using database = new Database(file, { readonly: true });
      const found = database.query<{ readonly count: number }, []>("SELECT count(*) AS count FROM documents").get();
      return found?.count ?? 0;
    } catch {
      return 0;
    }
  }
});

describe("the progress of yurt migrate", () => {
  function show(isTTY: boolean) {
    const clock = new FakeClock(0);
    const written: string[] = [];
    const progress = new TransferProgress({ clock, output: { isTTY, write: (text) => written.push(text) } });
    progress.begins(1_000_000, 0);
    const sums = (documents: number) => ({ documents, bytes: documents * 10_000, rows: {} });
    return { clock, progress, sums, written };
  }

  test("is one line of less than 80 columns on a terminal, which is removed at the end", () => {
    const { clock, progress, sums, written } = show(true);
    clock.advance(100);
    progress.copied(sums(100));
    clock.advance(900);
    progress.copied(sums(250_000));
    clock.advance(1_000);
    progress.compared(sums(999_999));
    progress.end();
    expect(written).toEqual([
      "\r\u001b[KCopied 250,000 of 1,000,000 documents, 2.5 GB (250,000/s, 2.5 GB/s)",
      "\r\u001b[KCompared 999,999 of 1,000,000 documents, 10 GB (999,999/s, 10 GB/s)",
      "\r\u001b[K",
    ]);
    for (const line of written) expect(line.length).toBeLessThan(80 + 4);
  });

  test("is a line every ten seconds elsewhere", () => {
    const { clock, progress, sums, written } = show(false);
    for (let second = 1; second <= 25; second += 1) {
      clock.advance(1_000);
      progress.copied(sums(second * 100));
    }
    progress.end();
    expect(written).toEqual([
      "Copied 1,000 of 1,000,000 documents, 10 MB (100/s, 1.0 MB/s)\n",
      "Copied 2,000 of 1,000,000 documents, 20 MB (100/s, 1.0 MB/s)\n",
    ]);
  });
});
