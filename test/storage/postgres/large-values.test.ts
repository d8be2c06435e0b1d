import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { SQL } from "bun";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { HistorySegment, HistorySnapshot } from "../../../src/storage/history/history-store.ts";
import { openPostgresStore, type SharedStore } from "../../../src/storage/postgres/postgres-store.ts";
import { removeOldValues } from "../../../src/storage/postgres/transact-with-values.ts";
import type { RowId } from "../../../src/storage/store.ts";
import { compaction, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { eventually } from "../../support/eventually.ts";
import { isMissing } from "../../support/processes/programs.ts";
import { PostgresServer } from "../../support/programs/postgres.ts";
import { HoldingProxy } from "../../support/proxies/holding-proxy.ts";

/** A test that runs out of time ends the server with it, and fails all that follow. */
setDefaultTimeout(30_000);

/** Enough to be sent before the transaction. */
const size = 128 * 1024;
const one = { document: "d", update: updateOf([1]) };

const largeBytes = (seed: number) => new Uint8Array(size).fill(seed);

describe.skipIf(isMissing("postgres"))("a large value", () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.start();
  });

  afterAll(() => server[Symbol.asyncDispose]());

  const open = (url: string) => openPostgresStore({ url, metrics: createMetrics() });

  async function openWithDatabase() {
    const url = await server.newSchema();
    return { store: await open(url), database: server.connect(url), url };
  }

  /** Has every statement that locks the document wait. Returns what unlocks it. */
  async function lockDocument(database: SQL): Promise<() => Promise<void>> {
    await database`SELECT pg_advisory_lock(hashtextextended('d', 7))`;
    return async () => void (await database`SELECT pg_advisory_unlock(hashtextextended('d', 7))`);
  }

  const sentValues = async (database: SQL) =>
    (await database<{ readonly id: string }[]>`SELECT id FROM yurt_sent_values`).length;

  /** Values are removed soon after the call that has sent them. */
  const noneLeft = (database: SQL) => eventually("no value is left", async () => (await sentValues(database)) === 0);

  /** Calls that write a large value to `d`, whose only row is given. */
  const writes: Readonly<Record<string, (store: SharedStore, row: RowId) => Promise<unknown>>> = {
    "of a base": (store, row) => store.compact("d", compaction([row], largeBytes(1))),
    "of a history": (store, row) =>
      store.compact("d", { ...compaction([row], updateOf([1])), history: additionOf(row) }),
    "of a restored history": (store) => store.history.addPart("d", { kind: "segment", segment: segmentOf(1) }),
    "of an append on a condition": (store, row) => store.appendIf({ document: "d", update: largeBytes(1) }, row),
  };

  test.each(Object.entries(writes))("%s does not lock its document while it passes a slow link", async (_, write) => {
    const url = await server.newSchema();
    await using proxy = await HoldingProxy.to(server.socket);
    const [slow, other] = [await open(proxy.through(url)), await open(url)];
    const [row = 0] = await slow.append([one]);
    const held = proxy.holdAfter(size / 2);
    const written = write(slow, row).then(() => "written", String);
    await held;
    const [appended = 0] = await other.append([one]);
    proxy.release();
    expect(await written).toBe("written");
    expect(rowsOf(await other.load("d"))).toContain(appended);
    await Promise.all([slow.close(), other.close()]);
  });

  test("holds up no append of its node, and no acknowledgement, while it passes a slow link, to be compacted or read", async () => {
    const url = await server.newSchema();
    await using proxy = await HoldingProxy.to(server.socket);
    const store = await open(proxy.through(url));
    const [row = 0] = await store.append([one]);
    const compacting = proxy.holdAfter(size / 2);
    const base = store.compact("d", compaction([row], largeBytes(1)));
    await compacting;
    const [second = 0] = await store.append([one]);
    await store.durable();
    proxy.release();
    expect(rowsOf(await store.load("d"))).toEqual([await base, second]);

    const reading = proxy.holdAfter(size / 2);
    const loaded = store.load("d");
    await reading;
    const [third = 0] = await store.append([one]);
    proxy.release();
    expect(rowsOf(await loaded)).toEqual([await base, second]);
    expect(rowsOf(await store.load("d"))).toEqual([await base, second, third]);
    await store.close();
  });

  test("is stored as a small one, and not left in between", async () => {
    const { database, store } = await openWithDatabase();
    const [row = 0] = await store.append([one]);
    const base = await store.compact("d", { ...compaction([row], largeBytes(1)), history: additionOf(row) });
    expect((await store.load("d"))?.base).toMatchObject({ row: base, update: largeBytes(1) });
    expect(await store.history.moment("d", { sequence: row })).toMatchObject({
      kind: "updates",
      updates: [largeBytes(1)],
    });
    expect(await Array.fromAsync(store.history.parts("d"))).toEqual([
      { kind: "segment", segment: segmentOf(row) },
      { kind: "snapshot", snapshot: snapshotOf(row - 1, 4), isStart: true },
      { kind: "snapshot", snapshot: snapshotOf(row, 5), isStart: false },
    ]);
    await store.history.shorten("d", snapshotOf(row, 6));
    expect(await Array.fromAsync(store.history.parts("d"))).toEqual([
      { kind: "snapshot", snapshot: snapshotOf(row, 6), isStart: true },
    ]);
    const last = await store.appendIf({ document: "d", update: largeBytes(7) }, row);
    expect((await store.load("d"))?.tail).toEqual([{ row: last ?? 0, update: largeBytes(7) }]);
    await noneLeft(database);
    await store.close();
    await database.close();
  });

  test.each(Object.entries(writes))(
    "%s that a crash of the database has taken away is not written",
    async (_, write) => {
      const { database, store, url } = await openWithDatabase();
      const [row = 0] = await store.append([one]);
      await using other = server.connect(url);
      const unlock = await lockDocument(other);
      const written = write(store, row);
      const refusal = written.catch((error: unknown) => error);
      await eventually("the values are sent", async () => (await waiting(database)) === 1);
      await database`TRUNCATE yurt_sent_values`;
      await unlock();
      expect(await refusal).toMatchObject({
        name: "StoreError",
        kind: "unavailable",
        message: expect.stringContaining("has lost what was sent"),
      });
      expect(await store.load("d")).toMatchObject({ base: undefined, tail: [{ row, update: one.update }] });
      expect(await Array.fromAsync(store.history.parts("d"))).toEqual([]);
      expect(await write(store, row)).not.toBeNull();
      await store.close();
      await database.close();
    },
  );

  const waiting = async (database: SQL) => {
    const found = await database`SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
    return found.length;
  };

  test("is not sent for rows that have changed, and not left by a compaction that finds that out late", async () => {
    const { database, store, url } = await openWithDatabase();
    const [row = 0] = await store.append([one]);
    const other = await open(url);
    const early = store.compact("d", compaction([row + 1], largeBytes(1)));
    expect(String(await early.catch(String))).toContain("have changed");
    expect(await sentValues(database)).toBe(0);
    const unlock = await lockDocument(database);
    const late = Promise.allSettled([store, other].map((each) => each.compact("d", compaction([row], largeBytes(1)))));
    await using watch = server.connect(url);
    await eventually("both have sent", async () => (await waiting(watch)) === 2);
    expect(await sentValues(watch)).toBe(2);
    await unlock();
    expect((await late).map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(rowsOf(await store.load("d"))).toHaveLength(1);
    await noneLeft(database);
    await Promise.all([store.close(), other.close()]);
    await database.close();
  });

  test("of a node that has ended is removed after an hour", async () => {
    const { database, store } = await openWithDatabase();
    await database`INSERT INTO yurt_sent_values VALUES
      (gen_random_uuid(), 'old', now() - interval '61 minutes'), (gen_random_uuid(), 'young', now())`;
    await removeOldValues(database);
    expect(await database`SELECT data FROM yurt_sent_values`).toEqual([{ data: Buffer.from("young") }]);
    await store.close();
    await database.close();
  });
});

const segmentOf = (last: RowId): HistorySegment => ({
  last,
  startedAt: 1,
  endedAt: 2,
  users: ["ada"],
  marks: largeBytes(2),
  data: largeBytes(3),
});

const snapshotOf = (sequence: RowId, seed: number): HistorySnapshot => ({ sequence, at: 2, data: largeBytes(seed) });

const additionOf = (row: RowId) => ({
  start: snapshotOf(row - 1, 4),
  segment: segmentOf(row),
  end: snapshotOf(row, 5),
  versions: [],
});
