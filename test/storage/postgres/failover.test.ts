import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openPostgresStore, type SharedStore } from "../../../src/storage/postgres/postgres-store.ts";
import type { RowId } from "../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { Random } from "../../support/bytes/random.ts";
import { FollowerReader } from "../../support/documents/follower-reader.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { DatabaseProxy } from "../../support/proxies/database-proxy.ts";

setDefaultTimeout(60_000);

const documents = ["x", "y", "new"];

interface Node {
  readonly store: SharedStore;
  readonly reader: FollowerReader;
}

describe.skipIf(isMissing("postgres"))("nodes whose database fails over to a standby without the last commits", () => {
  let primary: PostgresServer;
  let standby: PostgresServer;
  let proxy: DatabaseProxy;
  let nodes: readonly [Node, Node];
  beforeEach(async () => {
    primary = await PostgresServer.start();
    const url = await primary.newSchema();
    proxy = await DatabaseProxy.open(primary.socket);
    const open = async (): Promise<Node> => {
      const store = await openPostgresStore({ url: proxy.through(url), metrics: createMetrics() });
      const reader = new FollowerReader(store, documents);
      await store.follow(reader);
      return { store, reader };
    };
    nodes = [await open(), await open()];
    standby = await primary.standby();
  });

  afterEach(async () => {
    await Promise.all(nodes.map(({ store }) => store.close()));
    proxy[Symbol.dispose]();
    await Promise.all([primary[Symbol.asyncDispose](), standby[Symbol.asyncDispose]()]);
  });

  async function append({ store, reader }: Node, document: string, ...numbers: readonly number[]): Promise<RowId> {
    reader.learn(document, numbers);
    for (;;) {
      try {
        const rows = await store.append(numbers.map((number) => ({ document, update: updateOf([number]) })));
        return rows.at(-1) ?? 0;
      } catch {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /**
   * Has the standby take over, without what was committed since it has stopped receiving. `prepare` runs before the nodes
   * reach it.
   */
  async function failOver(prepare = async () => {}): Promise<void> {
    proxy.cut();
    await standby.promote();
    await prepare();
    await primary.kill();
    proxy.turnTo(standby.socket);
    proxy.heal();
  }

  const stored = async (document: string) =>
    numbersIn(await nodes[0].store.load(document)).toSorted((left, right) => left - right);

  test("append it again, each its own, and other rows than those that were lost", async () => {
    const [a, b] = nodes;
    await append(a, "x", 1);
    await append(b, "y", 2);
    await primary.isCopied(standby);
    await standby.stopReceiving();
    await append(a, "x", 3);
    await append(b, "x", 4, 5);
    await append(b, "new", 6);
    const lost = await append(a, "new", 7);
    for (const { reader } of nodes) {
      await reader.until("x", [1, 3, 4, 5]);
      await reader.until("new", [6, 7]);
    }
    await failOver();
    for (const { reader } of nodes) await eventually("it is told of the loss", () => reader.reverts === 1);
    await eventually("everything is stored again", async () => {
      const found = await Promise.all(documents.map(stored));
      return JSON.stringify(found) === JSON.stringify([[1, 3, 4, 5], [2], [6, 7]]);
    });
    const loaded = await Promise.all(documents.map((document) => a.store.load(document)));
    const rows = loaded.flatMap(rowsOf);
    expect(rows.filter((row) => row > lost)).toHaveLength(5);
    expect(rows.every((row) => row > lost || row <= 3)).toBeTrue();
    for (const { reader } of nodes) expect(reader.misses).toBe(0);
  });

  test("are told of the loss although the first attempts to append it again fail", async () => {
    const [a] = nodes;
    await append(a, "x", 1);
    await primary.isCopied(standby);
    await standby.stopReceiving();
    await append(a, "x", 2);
    await using database = standby.connect(standby.urlOf("test_1"));
    const isRefused = async () => (await database`SELECT is_called FROM test_refused`)[0].is_called;
    await failOver(async () => {
      await database.unsafe(`
        CREATE SEQUENCE test_refused;
        CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM nextval('test_refused'); RAISE EXCEPTION 'refused'; END $$;
        CREATE TRIGGER test_refuse BEFORE INSERT ON yurt_writers FOR EACH ROW EXECUTE FUNCTION test_refuse()`);
    });
    await eventually("an attempt has failed", isRefused);
    expect(a.reader.reverts).toBe(0);
    await database`DROP TRIGGER test_refuse ON yurt_writers`;
    await eventually("it is told of the loss", () => a.reader.reverts === 1);
    expect(await stored("x")).toEqual([1, 2]);
  });

  test("append it before what is appended next, and go on", async () => {
    const [a, b] = nodes;
    await append(a, "x", 1);
    await primary.isCopied(standby);
    await standby.stopReceiving();
    await append(a, "x", 2);
    const loaded = await a.store.load("x");
    await a.store.compact("x", compaction(rowsOf(loaded), updateOf([1, 2])));
    await append(b, "x", 3);
    const failing = failOver();
    await Promise.all([append(a, "x", 4), append(b, "y", 5), failing]);
    await eventually("everything is stored", async () => {
      const found = await Promise.all(["x", "y"].map(stored));
      return JSON.stringify(found) === JSON.stringify([[1, 2, 3, 4], [5]]);
    });
    await append(a, "x", 6);
    await b.reader.until("x", [1, 2, 3, 4, 6]);
    await b.store.purge("y");
    await eventually("the purge is followed", () => a.reader.numbersOf("y").length === 0 || a.reader.reverts > 0);
    expect(await stored("x")).toEqual([1, 2, 3, 4, 6]);
  });

  const rounds = Number(process.env["YURT_TEST_FAILOVERS"] ?? 1);

  test.each(Array.from({ length: rounds }, (_, index) => index + 1))(
    "have everything that was stored, while they append and compact all the time (round %p)",
    async (seed) => {
      const random = new Random(seed);
      const known = new Map(documents.map((document) => [document, new Set<number>()]));
      let last = 0;
      let isOver = false;
      const work = async (node: Node) => {
        for (let rest = 60; rest > 0; rest -= isOver ? 1 : 0) {
          const document = random.pick(documents);
          if (random.chance(0.1)) await compact(node, document);
          last += 1;
          const number = last;
          await append(node, document, number);
          known.get(document)?.add(number);
        }
      };
      const working = nodes.map(work);
      const reached = (count: number) => eventually(`${count} are stored`, () => last > count);
      await reached(100);
      await standby.stopReceiving();
      await reached(last + random.integer(300));
      await failOver();
      isOver = true;
      await Promise.all(working);
      for (const [document, numbers] of known) {
        const expected = [...numbers].toSorted((left, right) => left - right);
        await eventually(`${document} has everything`, async () => {
          const found = new Set(await stored(document));
          return expected.every((number) => found.has(number));
        });
        for (const { reader } of nodes) await reader.until(document, expected);
      }
    },
  );

  /** Compacts what the node finds. Fails if another node compacts the same rows, or the database fails. */
  async function compact({ store, reader }: Node, document: string): Promise<void> {
    const loaded = await store.load(document).catch(() => undefined);
    if (loaded === undefined) return;
    const numbers = numbersIn(loaded);
    reader.learn(document, numbers);
    await store.compact(document, compaction(rowsOf(loaded), updateOf(numbers))).catch(() => {});
  }

  test("read nothing again when the database is only started again", async () => {
    const [a, b] = nodes;
    await append(a, "x", 1);
    await b.reader.until("x", [1]);
    await primary.kill();
    const [row] = await Promise.all([append(a, "x", 2), primary.restart()]);
    await b.reader.until("x", [1, 2]);
    expect(b.reader.rows.at(-1)).toBe(row);
    expect([a.reader.reverts, b.reader.reverts]).toEqual([0, 0]);
  });
});
