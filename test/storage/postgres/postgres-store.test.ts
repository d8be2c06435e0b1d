import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SQL } from "bun";
import type { Clock } from "../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openPostgresStore, type SharedStore } from "../../../src/storage/postgres/postgres-store.ts";
import { type FollowedUpdate, type RowId, StoreError } from "../../../src/storage/store.ts";
import { describeHistory } from "../../contract/history.ts";
import { describeStore } from "../../contract/store.ts";
import type { StoreMedium } from "../../contract/store-medium.ts";
import { compareWithMemory } from "../../contract/store-operations.ts";
import { describeWebhooks } from "../../contract/webhooks.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { Random } from "../../support/bytes/random.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { type Breakage, BreakingProxy } from "../../support/proxies/breaking-proxy.ts";
import { endpointOf } from "../../support/webhooks/endpoint.ts";

const one = Uint8Array.of(1);

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

describe.skipIf(isMissing("postgres"))("with a real Postgres", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const open = (url: string, clock?: Clock) =>
    openPostgresStore({ url, metrics: createMetrics(), ...(clock && { clock }) });

  async function createMedium(): Promise<StoreMedium<SharedStore>> {
    const url = await server.newSchema();
    return { open: (clock) => open(url, clock), remove: () => {} };
  }

  /** Several stores with the same documents. */
  async function openNodes(count: number, schema?: string): Promise<SharedStore[]> {
    const url = schema ?? (await server.newSchema());
    return Promise.all(Array.from({ length: count }, () => open(url)));
  }

  /** Has the commits of a change take long. */
  async function delayCommits(change: string, condition: string, database: SQL): Promise<void> {
    await database.unsafe(`
      CREATE FUNCTION delay() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.2); RETURN NULL; END';
      CREATE CONSTRAINT TRIGGER delayed AFTER ${change} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW ${condition}
        EXECUTE FUNCTION delay()`);
  }

  /** Resolves when a commit is delayed. */
  async function untilDelayed(database: SQL): Promise<void> {
    const delayed = () => database`SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    while ((await delayed()).length === 0);
  }

  const closeAll = (stores: readonly SharedStore[]) => Promise.all(stores.map((store) => store.close()));

  describeStore("a store in Postgres", async () => open(await server.newSchema()));

  describeHistory("a history in Postgres", createMedium);

  describeWebhooks("webhooks in Postgres", createMedium);

  compareWithMemory(createMedium, { seeds: [1, 2, 3], steps: 60 });

  describe("several nodes", () => {
    test("that start at the same time create the tables once", async () => {
      const nodes = await openNodes(4);
      await Promise.all(nodes.map((node, index) => node.append([{ document: `${index}`, update: one }])));
      expect((await nodes[0]?.list({ limit: 9 }))?.map(({ name }) => name)).toEqual(["0", "1", "2", "3"]);
      await closeAll(nodes);
    });

    test("append to one document in the order of its rows, also while a commit takes long", async () => {
      const url = await server.newSchema();
      const [a, b] = await openNodes(2, url);
      if (a === undefined || b === undefined) throw new Error("a node is missing");
      await a.append([{ document: "x", update: one }]);
      await using database = server.connect(url);
      const [first] = await database<{ writer: string }[]>`SELECT writer::text FROM yurt_updates`;
      await delayCommits("INSERT ON yurt_updates", `WHEN (NEW.writer = ${first?.writer})`, database);
      const slow = a.append([{ document: "x", update: one }]);
      await untilDelayed(database);
      const [other] = await b.append([{ document: "y", update: one }]);
      const [later] = await b.append([{ document: "x", update: one }]);
      // A reader who sees a row sees all smaller ones.
      const rows = rowsOf(await b.load("x"));
      const [row] = await slow;
      expect(rows).toEqual([1, row ?? 0, later ?? 0]);
      expect(rows).toEqual(rows.toSorted((left, right) => left - right));
      // Documents do not wait for each other.
      expect(other).toBeLessThan(later ?? 0);
      await closeAll([a, b]);
    });

    test("append to a document while it is purged, and create it anew", async () => {
      const url = await server.newSchema();
      const [a, b] = await openNodes(2, url);
      if (a === undefined || b === undefined) throw new Error("a node is missing");
      await a.append([{ document: "x", update: updateOf([1]) }]);
      await using database = server.connect(url);
      await delayCommits("DELETE ON yurt_documents", "", database);
      const purging = a.purge("x");
      await untilDelayed(database);
      await b.append([{ document: "x", update: updateOf([2]) }]);
      await purging;
      expect(numbersIn(await a.load("x"))).toEqual([2]);
      await closeAll([a, b]);
    });

    test("tell a document that was made anew by its rows, however they append and purge", async () => {
      const url = await server.newSchema();
      const nodes = await openNodes(3, url);
      await using database = server.connect(url);
      const batch = ["a", "b", "a"].map((document) => ({ document, update: one }));
      for (let round = 0; round < 20; round += 1)
        await Promise.all([...nodes.map((node) => node.append(batch)), nodes[round % 3]?.purge("a")]);
      const wrong = await database`
        SELECT name FROM yurt_documents JOIN yurt_updates ON document = name WHERE yurt_updates.id <= rows_after`;
      expect([...wrong]).toEqual([]);
      const [node] = nodes;
      const former = rowsOf(await node?.load("a")).at(-1) ?? 0;
      await node?.purge("a");
      const rows = (await node?.append(batch)) ?? [];
      const { rowsAfter = 0 } = (await node?.load("a")) ?? {};
      expect(rowsAfter).toBeGreaterThanOrEqual(former);
      expect(rowsAfter).toBeLessThan(rows[0] ?? 0);
      await closeAll(nodes);
    });

    test("never compact away a row that they have not read", async () => {
      const [a, b] = await openNodes(2);
      const [first = 0] = (await a?.append([{ document: "d", update: updateOf([1]) }])) ?? [];
      const [unread = 0] = (await b?.append([{ document: "d", update: updateOf([2]) }])) ?? [];
      const [last = 0] = (await a?.append([{ document: "d", update: updateOf([3]) }])) ?? [];
      const early = a?.compact("d", compaction([first, last], updateOf([1, 3])));
      expect(await early?.catch((error: unknown) => error)).toBeInstanceOf(StoreError);
      await a?.compact("d", compaction([first, unread], updateOf([1, 2])));
      expect(numbersIn(await b?.load("d"))).toEqual([1, 2, 3]);
      await closeAll([a, b].flatMap((node) => node ?? []));
    });

    test("purge, compact and append at the same time, and no update is left without its document", async () => {
      const url = await server.newSchema();
      const nodes = await openNodes(2, url);
      const random = new Random(3);
      const compact = async (node: SharedStore, name: string) => {
        const loaded = await node.load(name);
        const rows = rowsOf(loaded);
        // The other node may have compacted or purged it meanwhile.
        if (rows.length > 0) await node.compact(name, compaction(rows, one)).catch(() => {});
      };
      const run = async (node: SharedStore) => {
        for (let step = 0; step < 80; step += 1) {
          const [choice, name] = [random.real(), random.pick(["x", "y"])];
          if (choice < 0.3) await node.purge(name);
          else if (choice < 0.5) await compact(node, name);
          else await node.append([{ document: name, update: one }]);
        }
      };
      await using database = server.connect(url);
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(nodes.map(run));
        const orphans =
          await database`SELECT id FROM yurt_updates WHERE document NOT IN (SELECT name FROM yurt_documents)`;
        expect([...orphans]).toEqual([]);
      }
      await closeAll(nodes);
    });

    test("take over the parts of a history without taking a row twice", async () => {
      const [a, b] = await openNodes(2);
      if (a === undefined || b === undefined) throw new Error("a node is missing");
      const append = async (node: SharedStore) => {
        const rows: RowId[] = [];
        for (let count = 0; count < 40; count += 1) rows.push(...(await node.append([{ document: "d", update: one }])));
        return rows;
      };
      const expectParts = async () => {
        for (const until of [100, 200, 300]) await Promise.all([a, b].map((node) => node.history.expectParts(until)));
      };
      const [rows, others] = await Promise.all([append(a), append(b), expectParts()]);
      const all = [...rows, ...others];
      expect(new Set(all).size).toBe(all.length);
      expect((await append(a))[0]).toBeGreaterThan(301);
      await closeAll([a, b]);
    });
  });

  describe("webhooks", () => {
    test("are told once of a document that two nodes create at the same time, whichever of them is asked", async () => {
      const [a, b] = await openNodes(2);
      if (a === undefined || b === undefined) throw new Error("a node is missing");
      await a.webhooks.save(endpointOf("one"));
      await Promise.all([a, b].map((node) => node.append([{ document: "d", update: one }])));
      await b.delete("d");
      const messages = await Promise.all([a, b].map((node) => node.webhooks.messages("one", 9)));
      for (const found of messages) expect(found.map(({ type }) => type)).toEqual(["doc.created", "doc.deleted"]);
      await closeAll([a, b]);
    });

    test("are not told of a change that fails", async () => {
      const url = await server.newSchema();
      const store = await open(url);
      await store.webhooks.save(endpointOf("one"));
      await using database = server.connect(url);
      await database`ALTER TABLE yurt_updates ADD CONSTRAINT no_space CHECK (false)`;
      const failed = await Promise.resolve(store.append([{ document: "a", update: one }])).catch((error) => error);
      expect(failed).toBeInstanceOf(StoreError);
      await database`ALTER TABLE yurt_updates DROP CONSTRAINT no_space`;
      await store.append([{ document: "b", update: one }]);
      expect((await store.webhooks.messages("one", 9)).map(({ document }) => document)).toEqual(["b"]);
      await store.close();
    });

    test("for which very many messages wait are told of no more events, and of updates all the same", async () => {
      const url = await server.newSchema();
      const metrics = createMetrics();
      const store = await openPostgresStore({ url, metrics });
      await store.webhooks.save(endpointOf("one"));
      await store.webhooks.save(endpointOf("two"));
      await using database = server.connect(url);
      await database`
        INSERT INTO yurt_webhook_messages (webhook, document, message, type, sequence, body, attempts, due_at)
        SELECT 'one', 'old', number, 'doc.deleted', 0, '{}', 0, 1 FROM generate_series(1, 100000) AS number`;
      await store.append([{ document: "a", update: one }]);
      expect((await store.webhooks.messages("two", 9)).map(({ type }) => type)).toEqual(["doc.created"]);
      expect((await store.webhooks.lane("one", "a")).next).toBeUndefined();
      expect((await store.webhooks.documentsWithChanges("one", { after: "", limit: 9 })).documents).toEqual(["a"]);
      expect(await metrics.registry.metrics()).toContain("yurt_change_webhook_dropped_events_total 1");
      const [oldest] = await store.webhooks.messages("one", 1);
      if (oldest !== undefined) await store.webhooks.delivered("one", oldest);
      await store.delete("a");
      expect((await store.webhooks.lane("one", "a")).next?.type).toBe("doc.deleted");
      await store.close();
    });
  });

  describe("a connection that breaks", () => {
    /** Has both statements of appends prepared: the one that creates documents, and the one for those that exist. */
    async function prepareAppends(store: SharedStore): Promise<void> {
      for (const number of [1, 2]) await store.append([{ document: "other", update: updateOf([number]) }]);
    }

    /** Opens a store behind a proxy. It has a document d. */
    async function openBehind(proxy: BreakingProxy): Promise<SharedStore> {
      const store = await open(await server.newSchema(proxy.socket));
      await prepareAppends(store);
      await store.append([{ document: "d", update: updateOf([0]) }]);
      return store;
    }

    test.each<[Breakage, string]>([
      ["request", "d"],
      ["answer", "d"],
      ["request", "new"],
      ["answer", "new"],
    ])("with the %s of an append to %s: it is stored once", async (breakage, document) => {
      using proxy = new BreakingProxy(server.socket);
      const store = await openBehind(proxy);
      const before = numbersIn(await store.load(document));
      proxy.breakNext(breakage);
      const [row] = await store.append([{ document, update: updateOf([1]) }]);
      const loaded = await store.load(document);
      expect(numbersIn(loaded)).toEqual([...before, 1]);
      expect(row).toBe(rowsOf(loaded).at(-1));
      await store.append([{ document, update: updateOf([2]) }]);
      expect(numbersIn(await store.load(document))).toEqual([...before, 1, 2]);
      await store.close();
    });

    test("and a request that arrives late stores nothing any more", async () => {
      using proxy = new BreakingProxy(server.socket);
      const store = await openBehind(proxy);
      proxy.breakNext("late-request");
      await store.append([{ document: "d", update: updateOf([1]) }]);
      await proxy.deliver();
      await store.append([{ document: "d", update: updateOf([2]) }]);
      expect(numbersIn(await store.load("d"))).toEqual([0, 1, 2]);
      await store.close();
    });

    test.each<Breakage>(["request", "answer"])(
      "with the %s, and the database out of reach: a retry with more updates behind it is stored once",
      async (breakage) => {
        using proxy = new BreakingProxy(server.socket);
        const store = await openBehind(proxy);
        const first = { document: "d", update: updateOf([1]) };
        proxy.breakNext(breakage);
        proxy.refuse();
        const failed = await Promise.resolve(store.append([first])).catch((error: unknown) => error);
        expect(failed).toMatchObject({ name: "StoreError", kind: "unavailable" });
        proxy.accept();
        const rows = await store.append([first, { document: "d", update: updateOf([2]) }]);
        const loaded = await store.load("d");
        expect(numbersIn(loaded)).toEqual([0, 1, 2]);
        expect(rows).toEqual(rowsOf(loaded).slice(1));
        await store.close();
      },
    );

    test.each([
      ["append", [{ document: "d", update: updateOf([2]) }]],
      ["probe", []],
    ])(
      "and is given up by the caller of an append that is stored: its follower is told with the next %s",
      async (_, next) => {
        using proxy = new BreakingProxy(server.socket);
        const clock = new FakeClock();
        const store = await open(await server.newSchema(proxy.socket), clock);
        await prepareAppends(store);
        await store.append([{ document: "d", update: updateOf([0]) }]);
        const told: FollowedUpdate[] = [];
        await store.follow({
          appended: (updates) => told.push(...updates),
          changed: () => {},
          missed: () => {},
          reverted: () => {},
        });
        // The first look has ended, and nothing else is asked.
        while (clock.pendingTimers === 0) await store.list({ limit: 1 });
        proxy.breakNext("answer");
        proxy.refuse();
        const given = { document: "d", update: updateOf([1]), user: "ann" };
        await Promise.resolve(store.append([given])).catch(() => {});
        proxy.accept();
        await store.append(next);
        const loaded = await store.load("d");
        expect(numbersIn(loaded).slice(0, 2)).toEqual([0, 1]);
        expect(told).toEqual([{ ...given, row: rowsOf(loaded)[1] ?? 0 }]);
        await store.close();
      },
    );

    test("and is given up by the caller of an append, of which a part is compacted: all its documents are read again", async () => {
      using proxy = new BreakingProxy(server.socket);
      const clock = new FakeClock();
      const url = await server.newSchema(proxy.socket);
      const store = await open(url, clock);
      const other = await open(url.replace(encodeURIComponent(proxy.socket), encodeURIComponent(server.socket)));
      const batchOf = (number: number) => ["d", "e"].map((document) => ({ document, update: updateOf([number]) }));
      await prepareAppends(store);
      await store.append(batchOf(0));
      const changed: string[] = [];
      await store.follow({
        appended: () => {},
        changed: (document) => changed.push(document),
        missed: () => {},
        reverted: () => {},
      });
      while (clock.pendingTimers === 0) await store.list({ limit: 1 });
      proxy.breakNext("answer");
      proxy.refuse();
      await Promise.resolve(store.append(batchOf(1))).catch(() => {});
      await other.compact("d", compaction(rowsOf(await other.load("d")), updateOf([0, 1])));
      proxy.accept();
      await store.append([]);
      expect(changed).toContain("e");
      await closeAll([store, other]);
    });

    test("and stay away: a probe fails until the database can be reached", async () => {
      using proxy = new BreakingProxy(server.socket);
      const store = await openBehind(proxy);
      proxy.breakNext("request");
      proxy.refuse();
      const probed = await Promise.resolve(store.append([])).catch((error: unknown) => error);
      expect(probed).toMatchObject({ name: "StoreError", kind: "unavailable" });
      proxy.accept();
      expect(await store.append([])).toEqual([]);
      await store.close();
    });

    test.each<Breakage>(["request", "answer"])("with the %s of a deletion: it is deleted", async (breakage) => {
      using proxy = new BreakingProxy(server.socket);
      const store = await openBehind(proxy);
      await store.delete("d");
      await store.undelete("d");
      proxy.breakNext(breakage);
      expect(await store.delete("d")).toBe(true);
      expect((await store.load("d"))?.deletedAt).toBeGreaterThan(0);
      await store.close();
    });

    test("while nothing is asked: the next calls open new ones", async () => {
      const url = await server.newSchema();
      const store = await open(url);
      await store.append([{ document: "d", update: updateOf([1]) }]);
      await using database = server.connect();
      await database`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'yurt'`;
      await store.append([{ document: "d", update: updateOf([2]) }]);
      expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
      await store.close();
    });
  });

  describe("a writer", () => {
    test("whose row is gone, as after a failover, registers again and appends again what is gone with it", async () => {
      const url = await server.newSchema();
      const store = await open(url);
      await store.append([{ document: "d", update: updateOf([1]) }]);
      await using database = server.connect(url);
      const [former] = await database`DELETE FROM yurt_writers RETURNING id`.values();
      await database`DELETE FROM yurt_updates`;
      await store.append([{ document: "d", update: updateOf([2]) }]);
      expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
      const batches = await database`SELECT batch FROM yurt_updates JOIN yurt_writers ON writer = yurt_writers.id
        ORDER BY yurt_updates.id`.values();
      expect(batches).toEqual([["1"], ["2"]]);
      expect(await database`SELECT id FROM yurt_writers`.values()).not.toEqual([former]);
      await store.close();
    });

    test("numbers its batches without gaps", async () => {
      const url = await server.newSchema();
      const store = await open(url);
      await Promise.all([1, 2, 3].map((number) => store.append([{ document: "d", update: updateOf([number]) }])));
      await using database = server.connect(url);
      expect(await database`SELECT batch FROM yurt_updates ORDER BY id`.values()).toEqual([["1"], ["2"], ["3"]]);
      expect(await database`SELECT head FROM yurt_writers`.values()).toEqual([["3"]]);
      await store.close();
    });
  });

  test("the database of the URL is used, whichever one a variable names", async () => {
    const url = await server.newSchema();
    process.env["PGDATABASE"] = "postgres";
    try {
      const store = await open(url);
      await store.append([{ document: "d", update: one }]);
      await store.close();
    } finally {
      delete process.env["PGDATABASE"];
    }
    await using database = server.connect(url);
    expect(await database`SELECT document FROM yurt_updates`.values()).toEqual([["d"]]);
  });

  describe("a database that cannot be used", () => {
    const refusalOf = (url: string) =>
      open(url).then(
        async (store) => void (await store.close()),
        (error: unknown) => error,
      );

    test("because it has another encoding than UTF-8 is refused with the remedy", async () => {
      const refusal = await refusalOf(await server.newDatabase("LATIN1"));
      expect(refusal).toMatchObject({
        name: "DatabaseUnusable",
        message: expect.stringContaining("Create it with UTF8."),
      });
    });

    test("because it does not keep what it has committed is refused with the remedy", async () => {
      const refusal = await refusalOf(`${await server.newSchema()}&synchronous_commit=off`);
      expect(refusal).toMatchObject({ name: "DatabaseUnusable", message: expect.stringContaining("Set it to on") });
    });

    test("because a pooler swallows notifications cannot be followed, and the refusal says so", async () => {
      using proxy = new BreakingProxy(server.socket);
      const clock = new FakeClock();
      const store = await open(await server.newSchema(proxy.socket), clock);
      proxy.deafen();
      const following = store.follow({ appended: () => {}, changed: () => {}, missed: () => {}, reverted: () => {} });
      const refusal = following.catch((error: unknown) => error);
      while (clock.pendingTimers === 0) await store.list({ limit: 1 });
      clock.advance(10_000);
      expect(await refusal).toMatchObject({ name: "DatabaseUnusable", message: expect.stringContaining("PgBouncer") });
      await store.close();
    });

    test.each(["postgres://yurt:secret@host:port/yurt", "secret", "mysql://yurt:secret@localhost/yurt"])(
      "because its URL is %s is refused, and its password is not shown",
      async (invalid) => {
        const refusal = await refusalOf(invalid);
        expect(refusal).toMatchObject({ name: "DatabaseUnusable", message: expect.stringContaining("is invalid") });
        expect(String(refusal)).not.toContain("secret");
      },
    );

    test("because nothing listens is unavailable", async () => {
      expect(await refusalOf(server.urlOf("public", "/nonexistent/.s.PGSQL.5432"))).toMatchObject({
        name: "DatabaseUnusable",
        kind: "unavailable",
      });
    });

    test("because a newer release has written it is refused, unless that release says that older ones may use it", async () => {
      const url = await server.newSchema();
      await (await open(url)).close();
      await using database = server.connect(url);
      const set = (key: string, value: string) => database`UPDATE yurt_meta SET value = ${value} WHERE key = ${key}`;
      await set("version", "99");
      expect(await refusalOf(url)).toBeUndefined();
      await set("oldest_version", "98");
      expect(String(await refusalOf(url))).toMatch(/has version 99.*up to \d+\. Start a newer one\./);
    });
  });
});
