import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Clock, systemClock } from "../../../../src/lib/time/clock.ts";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { openPostgresStore, type SharedStore } from "../../../../src/storage/postgres/postgres-store.ts";
import type { PendingUpdate, RowId } from "../../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../../support/bytes/counting.ts";
import { Random } from "../../../support/bytes/random.ts";
import { FollowerReader } from "../../../support/documents/follower-reader.ts";
import { pause } from "../../../support/eventually.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";
import { isMissing } from "../../../support/processes/programs.ts";
import { PostgresServer } from "../../../support/programs/postgres.ts";
import { BreakingProxy } from "../../../support/proxies/breaking-proxy.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

const documents = ["x", "y", "z"];

interface Node {
  readonly store: SharedStore;
  readonly reader: FollowerReader;
}

describe.skipIf(isMissing("postgres"))("nodes that follow each other", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  async function openNode(url: string, clock: Clock = systemClock): Promise<Node> {
    const store = await openPostgresStore({ url, clock, metrics: createMetrics() });
    const reader = new FollowerReader(store, documents);
    await store.follow(reader);
    return { store, reader };
  }

  const updateFor = (document: string, number: number): PendingUpdate => ({ document, update: updateOf([number]) });

  const numbersUpTo = (count: number) => Array.from({ length: count }, (_, index) => index);

  /** As the commit queue: the same batch again, until it is stored. */
  async function appendUntilStored({ store }: Node, batch: readonly PendingUpdate[]): Promise<readonly RowId[]> {
    for (;;) {
      try {
        return await store.append(batch);
      } catch {
        await new Promise((resolve) => systemClock.afterTurn(() => resolve(undefined)));
      }
    }
  }

  /** Compacts what the node knows by then. Fails if another node compacts the same rows, or a connection breaks. */
  async function compact({ reader, store }: Node, document: string): Promise<void> {
    const loaded = await store.load(document).catch(() => undefined);
    if (loaded === undefined) return;
    const numbers = numbersIn(loaded);
    reader.learn(document, numbers);
    await store.compact(document, compaction(rowsOf(loaded), updateOf(numbers))).catch(() => {});
  }

  const throughProxy = (url: string, proxy: BreakingProxy) =>
    url.replace(encodeURIComponent(server.socket), encodeURIComponent(proxy.socket));

  const closeAll = (nodes: readonly Node[]) => Promise.all(nodes.map(({ store }) => store.close()));

  test("are told once and in order of a batch with 5,000 updates, and of one that no notification could hold", async () => {
    const url = await server.newSchema();
    const [a, b, c] = [await openNode(url), await openNode(url), await openNode(url)];
    const rows = await a.store.append(numbersUpTo(5_000).map((number) => updateFor("x", number)));
    const large = Uint8Array.from(updateOf(numbersUpTo(50_000)));
    const [largeRow = 0] = await b.store.append([{ document: "y", update: large }]);
    for (const { reader } of [b, c]) await reader.until("x", numbersUpTo(5_000));
    for (const { reader } of [a, c]) await reader.until("y", numbersUpTo(50_000));
    expect(c.reader.rows.filter((row) => row !== largeRow)).toEqual([...rows]);
    expect(a.reader.rows).toEqual([largeRow]);
    expect(b.reader.rows).toEqual([...rows]);
    await closeAll([a, b, c]);
  });

  test("are told of very many batches at once, in order, after they have heard nothing", async () => {
    const url = await server.newSchema();
    const clock = new FakeClock();
    using proxy = new BreakingProxy(server.socket);
    const deaf = await openNode(throughProxy(url, proxy), clock);
    const other = await openNode(url);
    // The first look, at the start, must have ended.
    while (clock.pendingTimers === 0) await deaf.store.list({ limit: 1 });
    proxy.deafen();
    const rows: RowId[] = [];
    for (const number of numbersUpTo(230)) rows.push(...(await other.store.append([updateFor("x", number)])));
    expect(deaf.reader.rows).toEqual([]);
    clock.advance(1_000);
    while (clock.pendingTimers === 0) await deaf.store.list({ limit: 1 });
    expect(deaf.reader.rows).toEqual([]);
    clock.advance(100);
    await deaf.reader.until("x", numbersUpTo(230));
    expect(deaf.reader.rows).toEqual(rows);
    await closeAll([deaf, other]);
  });

  test("know all that is stored, and are told nothing twice, while connections are killed all the time", async () => {
    const url = await server.newSchema();
    const nodes = [await openNode(url), await openNode(url), await openNode(url)];
    const random = new Random(7);
    const stored = new Map(documents.map((document) => [document, new Set<number>()]));
    let last = 0;
    const work = async (node: Node) => {
      const own = new Set<RowId>();
      for (let step = 0; step < 150; step += 1) {
        const document = random.pick(documents);
        if (random.real() < 0.1) await compact(node, document);
        last += 1;
        const number = last;
        const [row = 0] = await appendUntilStored(node, [updateFor(document, number)]);
        node.reader.learn(document, [number]);
        own.add(row);
        stored.get(document)?.add(number);
      }
      return own;
    };
    let isWorking = true;
    let kills = 0;
    const kill = async () => {
      await using database = server.connect();
      while (isWorking) {
        const killed = await database`
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'yurt' AND (${random.real() < 0.3} OR query ILIKE 'listen%')`;
        kills += killed.length;
        await database`SELECT pg_sleep(0.05)`;
      }
    };
    const killing = kill();
    const ownRows = await Promise.all(nodes.map(work));
    isWorking = false;
    await killing;
    expect(kills).toBeGreaterThan(10);
    for (const [index, { reader, store }] of nodes.entries()) {
      for (const [document, numbers] of stored) {
        await reader.until(document, numbers);
        expect(reader.numbersOf(document)).toEqual(sorted(numbers));
        expect(sorted(new Set(numbersIn(await store.load(document))))).toEqual(sorted(numbers));
      }
      expect(new Set(reader.rows).size).toBe(reader.rows.length);
      expect(reader.rows.filter((row) => ownRows[index]?.has(row))).toEqual([]);
      expect(reader.misses).toBe(0);
    }
    await closeAll(nodes);
  });

  test("read a document as soon as the database can be reached again", async () => {
    const url = await server.newSchema();
    using proxy = new BreakingProxy(server.socket);
    const node = await openNode(throughProxy(url, proxy));
    await node.store.append([updateFor("x", 1)]);
    proxy.breakNext("request");
    proxy.refuse();
    let isRead = false;
    const reading = Promise.resolve(node.store.load("x")).finally(() => {
      isRead = true;
    });
    await pause(300);
    expect(isRead).toBe(false);
    proxy.accept();
    expect(numbersIn(await reading)).toEqual([1]);
    await node.store.close();
  });

  test("close while the database cannot be reached", async () => {
    const url = await server.newSchema();
    using proxy = new BreakingProxy(server.socket);
    const node = await openNode(throughProxy(url, proxy));
    await node.store.append([updateFor("x", 1)]);
    proxy.breakNext("request");
    proxy.refuse();
    await Promise.resolve(node.store.append([updateFor("x", 2)])).catch(() => {});
    await node.store.close();
  });
});

const sorted = (numbers: Iterable<number>) => [...numbers].toSorted((left, right) => left - right);
