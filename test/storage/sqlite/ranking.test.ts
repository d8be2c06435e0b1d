import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { RankingStopped, rankDocuments } from "../../../src/storage/sqlite/ranking/rank-documents.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { maxLogBytes } from "../../../src/storage/sqlite/write-ahead-log.ts";
import { type DocumentInfo, type Page, type Store, StoreError } from "../../../src/storage/store.ts";
import { rowsOf } from "../../support/bytes/counting.ts";
import { Random } from "../../support/bytes/random.ts";

let folder: string;
let file: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-ranking-"));
  file = join(folder, "store.db");
  store = open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function open(): Store {
  return openSqliteStore({ file, metrics: createMetrics() });
}

const all = { state: "any", limit: 100 } as const;

/** The documents in an order, by way of the list of all. */
async function expected(order: NonNullable<Page["order"]>): Promise<readonly DocumentInfo[]> {
  const rank = (info: DocumentInfo) => (order === "bytes" ? info.bytes : info.sequence);
  // The list is in the order of the names, which a stable sort keeps.
  return (await store.list(all)).toSorted((left, right) => rank(right) - rank(left));
}

test("both orders are those of the facts, whether updates are journaled, in rows, compacted, purged or all of it", async () => {
  const random = new Random(21);
  const name = () => `document ${random.integer(30)}`;
  const large = new Uint8Array(300 * 1_024);
  for (let round = 0; round < 12; round += 1) {
    for (let count = 0; count < 40; count += 1)
      await store.append([{ document: name(), update: new Uint8Array(1 + random.integer(50)) }]);
    // It is too large for the journal.
    await store.append([{ document: name(), update: large.subarray(random.integer(1_000)) }]);
    const compacted = name();
    const rows = rowsOf(await store.load(compacted));
    // It comes during the compaction, and may go into the rows before its base.
    if (random.chance(0.5)) await store.append([{ document: compacted, update: large }]);
    if (rows.length > 0)
      await store.compact(compacted, { base: Uint8Array.of(1), summary: Uint8Array.of(), rows, quarantined: [] });
    await store.purge(name());
    await store.delete(name());
    if (round % 4 === 3) {
      // Closing folds the journal.
      await store.close();
      store = open();
    }
    for (const order of ["bytes", "updated"] as const) {
      const inOrder = await expected(order);
      expect(await store.list({ ...all, order })).toEqual(inOrder);
      expect(await store.list({ ...all, order, limit: 3 })).toEqual(inOrder.slice(0, 3));
      // So few documents are looked up one by one.
      const few = inOrder.filter((info) => info.name.startsWith("document 7"));
      expect(await store.list({ ...all, order, prefix: "document 7" })).toEqual(few);
    }
  }
}, 30_000);

async function fill(documents: number): Promise<void> {
  const update = new Uint8Array(30);
  await store.append(Array.from({ length: documents }, (_, index) => ({ document: `document ${index}`, update })));
}

test("the database is scrubbed while documents are put in order", async () => {
  await fill(5_000);
  await store.purge("document 7");
  const [first, , second] = await Promise.all([
    store.list({ order: "bytes", limit: 5_000 }),
    store.scrub(),
    store.list({ order: "updated", limit: 1 }),
  ]);
  expect([first.length, second[0]?.name]).toEqual([4_999, "document 4999"]);
});

test("a list in another order lets a log that a reader has made too long start from the beginning again", async () => {
  const update = new Uint8Array(1_024 * 1_024);
  const write = async (count: number) => {
    for (let written = 0; written < count; written += 1) await store.append([{ document: "document", update }]);
  };
  await write(1);
  using reader = new Database(file, { readonly: true });
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM documents").get();
  await write(36);
  const { size } = statSync(`${file}-wal`);
  expect(size).toBeGreaterThan(maxLogBytes);
  reader.run("COMMIT");
  await store.list({ order: "bytes", limit: 1 });
  await write(24);
  expect(statSync(`${file}-wal`).size).toBeLessThanOrEqual(size);
}, 30_000);

test("a ranking that is given up leaves no transaction open", async () => {
  await fill(2);
  using reader = new Database(file, { readonly: true });
  const ranking = { order: "bytes", limit: 1 } as const;
  expect(() => rankDocuments(reader, ranking, () => true)).toThrow(RankingStopped);
  expect(reader.inTransaction).toBe(false);
  expect(rankDocuments(reader, ranking, () => false)).toHaveLength(1);
});

test("a store that is closed gives the orders up that it is asked for, and leaves no log", async () => {
  await fill(5_000);
  const asked = [1, 2].map((limit) => store.list({ order: "bytes", limit }));
  const outcomes = Promise.allSettled(asked);
  await store.close();
  for (const outcome of await outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toBeInstanceOf(StoreError);
  }
  expect((await outcomes).at(-1)?.status).toBe("rejected");
  expect(existsSync(`${file}-wal`)).toBe(false);
  store = open();
  expect(await store.list({ order: "bytes", limit: 1 })).toHaveLength(1);
});
