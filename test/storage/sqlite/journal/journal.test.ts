import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import fs, { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../../src/storage/sqlite/sqlite-store.ts";
import type { RowId, Store } from "../../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../../support/bytes/counting.ts";
import { Random } from "../../../support/bytes/random.ts";
import { placesOf, recordsIn } from "../../../support/bytes/stored.ts";
import { eventually } from "../../../support/eventually.ts";
import { FakeClock } from "../../../support/fakes/fake-clock.ts";
import { openMemoryStore } from "../../../support/fakes/memory-store.ts";
import { ToldStore } from "../../../support/told-store.ts";

let folder: string;
let file: string;
let clock: FakeClock;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-journal-"));
  file = join(folder, "store.db");
  clock = new FakeClock();
  store = open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function open(): Store {
  return openSqliteStore({ file, metrics: createMetrics(), clock });
}

const countTo = (end: number) => Array.from({ length: end }, (_, index) => index);

async function append(document: string, ...numbers: readonly number[]): Promise<readonly RowId[]> {
  return store.append(numbers.map((number) => ({ document, update: updateOf([number]) })));
}

let failedSyncs = 0;

/** Makes the next syncs fail. The returned function ends that. */
function failSyncs(): () => void {
  failedSyncs = 0;
  const spy = spyOn(fs, "fsync").mockImplementation(((_: number, done: (error: Error) => void) => {
    failedSyncs += 1;
    setImmediate(() => done(Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" })));
  }) as typeof fs.fsync);
  return () => spy.mockRestore();
}

/** The store as the next start finds it after a kill now. The store must be closed by the caller. */
function openCopy(): Store {
  const copy = mkdtempSync(join(folder, "copy-"));
  for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, join(copy, `store.db${suffix}`));
  return openSqliteStore({ file: join(copy, "store.db"), metrics: createMetrics() });
}

/** Whether the write-ahead log holds these bytes, in frames that were written since it was last restarted. */
function writtenAgain(bytes: Uint8Array): boolean {
  const log = readFileSync(`${file}-wal`);
  const salts = log.subarray(16, 24);
  for (let start = 32; start < log.length; start += 24 + 4_096) {
    const frame = log.subarray(start, start + 24 + 4_096);
    if (frame.subarray(8, 16).equals(salts) && frame.includes(bytes)) return true;
  }
  return false;
}

/** Lets the store become quiet, and waits until the journal is empty. */
async function folded(): Promise<void> {
  await eventually("the journal is folded", () => {
    clock.advance(2_000);
    return recordsIn(file) === 0;
  });
}

test("an append is one record of the journal, whatever number of documents it has", async () => {
  await store.append(countTo(100).map((number) => ({ document: `${number % 50}`, update: updateOf([number]) })));
  expect(placesOf(file)).toEqual({ updates: 0, live: 100, records: 1 });
  expect(numbersIn(await store.load("7"))).toEqual([7, 57]);
  expect(await store.list({ limit: 1 })).toMatchObject([{ name: "0", bytes: 8, rows: 2, tailRows: 2, sequence: 51 }]);
});

test("an append that is too large for one record goes into the documents' rows, and the order stays", async () => {
  const large = new Uint8Array(300_000);
  await append("d", 1);
  const [row] = await store.append([{ document: "d", update: large }]);
  await append("d", 2);
  await store.append(countTo(257).map((number) => ({ document: "many", update: updateOf([number]) })));
  expect(placesOf(file)).toEqual({ updates: 258, live: 2, records: 2 });
  const tail = (await store.load("d"))?.tail ?? [];
  expect(tail.map(({ update }) => update.byteLength)).toEqual([4, 300_000, 4]);
  expect(tail[1]?.row).toBe(row ?? 0);
  // The rows of a compaction may be in both places.
  await store.compact(
    "d",
    compaction(rowsOf({ base: undefined, tail: tail.slice(0, 2), quarantined: [], sequence: 0 }), updateOf([1])),
  );
  expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
});

describe("the journal is folded", () => {
  test("when nothing has been written for some seconds", async () => {
    await append("a", 1);
    await append("b", 2, 3);
    const rows = rowsOf(await store.load("b"));
    clock.advance(1_900);
    await append("a", 4);
    clock.advance(1_900);
    expect(placesOf(file)).toEqual({ updates: 0, live: 4, records: 3 });
    await folded();
    expect(placesOf(file)).toEqual({ updates: 4, live: 0, records: 0 });
    expect(numbersIn(await store.load("a"))).toEqual([1, 4]);
    expect(rowsOf(await store.load("b"))).toEqual(rows);
  });

  test("when the store closes", async () => {
    await append("a", 1, 2);
    await store.close();
    expect(placesOf(file)).toEqual({ updates: 2, live: 0, records: 0 });
    store = open();
    expect(numbersIn(await store.load("a"))).toEqual([1, 2]);
  });

  test("when it exceeds 16 MB, down to a half, and a part in each turn of the event loop", async () => {
    const update = new Uint8Array(10_000);
    const records: number[] = [];
    for (let turn = 0; turn < 170; turn += 1) {
      await store.append(countTo(10).map((index) => ({ document: `${(turn * 10 + index) % 30}`, update })));
      if (turn % 10 === 0) await store.durable();
      if (turn > 140) records.push(recordsIn(file));
    }
    // 168 records of 100 kB are full.
    expect(records.slice(0, 27)).toEqual(countTo(27).map((index) => 142 + index));
    await store.durable();
    await eventually("half of the journal is folded", () => {
      records.push(recordsIn(file));
      return (records.at(-1) ?? 0) <= 84;
    });
    const { updates, live } = placesOf(file);
    expect([updates + live, live]).toEqual([1_700, (records.at(-1) ?? 0) * 10]);
    // A part has at most 256 kB, or 3 records.
    expect(records.at(-1)).toBeGreaterThan(80);
    expect((await store.load("7"))?.tail).toHaveLength(57);
  }, 30_000);

  test("when its updates are many, however small they are", async () => {
    for (let turn = 0; turn < 410; turn += 1) {
      await store.append(countTo(250).map((number) => ({ document: "d", update: updateOf([number]) })));
    }
    await store.durable();
    await eventually("half of it is folded", () => recordsIn(file) < 205);
    expect((await store.load("d"))?.tail).toHaveLength(102_500);
  }, 30_000);

  test("but not what may not be on disk yet, because a failed sync would write it again", async () => {
    await append("d", 1);
    await store.durable();
    clock.advance(4_000);
    // The fold has its turn after the tasks of this one.
    for (let task = 0; task < 20; task += 1) await Promise.resolve();
    await append("d", 2);
    await eventually("the first is folded", () => placesOf(file).updates > 0);
    expect(placesOf(file)).toEqual({ updates: 1, live: 1, records: 1 });
    const mend = failSyncs();
    await expect(store.durable()).rejects.toThrow("EIO");
    mend();
    await store.durable();
    expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
    await folded();
    expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
  });

  test("not while it cannot be synced, and again later", async () => {
    const mend = failSyncs();
    await append("d", 1);
    clock.advance(4_000);
    await eventually("the upkeep has tried to sync", () => failedSyncs > 0);
    expect(placesOf(file)).toMatchObject({ live: 1, updates: 0 });
    mend();
    await folded();
    expect(numbersIn(await store.load("d"))).toEqual([1]);
  });

  test("again after a fold has failed", async () => {
    await append("d", 1);
    await store.durable();
    const other = new Database(file);
    other.run("BEGIN IMMEDIATE");
    clock.advance(4_000);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(placesOf(file).live).toBe(1);
    other.close(true);
    clock.advance(10_000);
    await eventually("the journal is folded", () => recordsIn(file) === 0);
    expect(numbersIn(await store.load("d"))).toEqual([1]);
  });

  test("after a start that finds it", async () => {
    await append("d", 1, 2);
    await store.compact("d", compaction(rowsOf(await store.load("d")).slice(0, 1), updateOf([1])));
    for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, join(folder, `copy.db${suffix}`));
    await store.close();
    file = join(folder, "copy.db");
    store = open();
    expect(placesOf(file)).toEqual({ updates: 1, live: 1, records: 1 });
    expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
    await folded();
    expect(placesOf(file)).toEqual({ updates: 2, live: 0, records: 0 });
    expect(numbersIn(await store.load("d"))).toEqual([1, 2]);
  });
});

describe("an update of the journal is void", () => {
  test("once a compaction has replaced it, and the rest of its record is not", async () => {
    await store.append(["a", "b", "a", "a"].map((document, index) => ({ document, update: updateOf([index]) })));
    const rows = rowsOf(await store.load("a"));
    await store.compact("a", compaction(rows.slice(0, 2), updateOf([0, 2])));
    expect(placesOf(file)).toEqual({ updates: 1, live: 2, records: 1 });
    const copy = openCopy();
    for (const each of [store, copy]) {
      expect(numbersIn(await each.load("a"))).toEqual([0, 2, 3]);
      expect(numbersIn(await each.load("b"))).toEqual([1]);
    }
    await copy.close();
    await folded();
    expect(numbersIn(await store.load("a"))).toEqual([0, 2, 3]);
  });

  test("once its document is removed, also if the number of the document is used again", async () => {
    const numberOf = () => {
      const database = new Database(file, { readonly: true });
      const row = database.query<{ id: number }, []>("SELECT id FROM documents").get();
      database.close(true);
      return row?.id;
    };
    await append("removed", 1, 2);
    const number = numberOf();
    await store.purge("removed");
    await append("new", 3);
    expect(numberOf()).toBe(number ?? 0);
    const copy = openCopy();
    for (const each of [store, copy]) {
      expect(numbersIn(await each.load("new"))).toEqual([3]);
      expect(await each.load("removed")).toBeUndefined();
    }
    await copy.close();
    await folded();
    expect(placesOf(file).updates).toBe(1);
    expect(numbersIn(await store.load("new"))).toEqual([3]);
  });

  test("once it is quarantined", async () => {
    const rows = await append("d", 1, 2, 3);
    const quarantined = rows.slice(1, 2);
    await store.compact("d", { ...compaction(rows, updateOf([1, 3])), quarantined });
    const copy = openCopy();
    for (const each of [store, copy]) {
      const loaded = await each.load("d");
      expect(numbersIn(loaded)).toEqual([1, 3]);
      expect(loaded?.quarantined).toEqual([{ row: quarantined[0] ?? 0, update: updateOf([2]) }]);
    }
    await copy.close();
  });
});

test("a sync that fails while rows are replaced does not bring them back", async () => {
  const failures: (() => void)[] = [];
  const spy = spyOn(fs, "fsync").mockImplementation(((_: number, done: (error: Error) => void) => {
    failures.push(() => done(Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" })));
  }) as typeof fs.fsync);
  const rows = await append("d", 1);
  const base = await store.compact("d", compaction(rows, updateOf([1])));
  const large = await store.append([{ document: "removed", update: new Uint8Array(300_000) }]);
  expect(large).toHaveLength(1);
  const sync = store.durable();
  await eventually("the sync runs", () => failures.length === 1);
  await store.compact("d", compaction([base, ...(await append("d", 2))], updateOf([1, 2])));
  await store.purge("removed");
  failures[0]?.();
  await expect(sync).rejects.toThrow("EIO");
  spy.mockRestore();
  await store.durable();
  const document = await store.load("d");
  expect([numbersIn(document), document?.tail]).toEqual([[1, 2], []]);
  await store.close();
  expect(placesOf(file)).toEqual({ updates: 1, live: 0, records: 0 });
  store = open();
});

test("a compaction is synced without a call of `durable`, and its base is not kept in memory", async () => {
  const rows = await append("d", 1);
  await store.durable();
  const spy = spyOn(fs, "fsync");
  try {
    await store.compact("d", compaction(rows, updateOf([0xabcdef01])));
    clock.advance(4_000);
    await eventually("a sync", () => spy.mock.calls.length > 0);
    await eventually("the journal is folded", () => recordsIn(file) === 0);
  } finally {
    spy.mockRestore();
  }
  // A failed sync writes again what is kept.
  const mend = failSyncs();
  await append("other", 5);
  await expect(store.durable()).rejects.toThrow("EIO");
  mend();
  await store.durable();
  expect(writtenAgain(updateOf([5]))).toBe(true);
  expect(writtenAgain(updateOf([0xabcdef01]))).toBe(false);
});

test("the write-ahead log is cut when it is large and nothing is written", async () => {
  for (let count = 0; count < 40; count += 1) await store.append([{ document: "d", update: new Uint8Array(250_000) }]);
  const before = statSync(`${file}-wal`).size;
  expect(before).toBeGreaterThan(8_000_000);
  clock.advance(4_000);
  await eventually("the log is cut", () => statSync(`${file}-wal`).size < 100_000);
  await append("d", 1);
  await store.durable();
  expect((await store.load("d"))?.tail).toHaveLength(41);
  const copy = openCopy();
  expect((await copy.load("d"))?.tail).toHaveLength(41);
  await copy.close();
});

describe("a damaged record", () => {
  /** Inserts a record as no release writes it. */
  async function damage(): Promise<void> {
    await append("d", 1);
    await store.close();
    const database = new Database(file);
    database.run("INSERT INTO journal VALUES (1000000000, x'0100000000010101')");
    database.close(true);
  }

  test("keeps the store from opening: it may belong to any document", async () => {
    await damage();
    const before = readFileSync(file);
    expect(open).toThrow(
      expect.objectContaining({ kind: "corrupt", message: expect.stringMatching(/1000000000.*checksum/) }),
    );
    expect(readFileSync(file).equals(before)).toBe(true);
    const database = new Database(file);
    database.run("DELETE FROM journal WHERE id = 1000000000");
    database.close(true);
    store = open();
    expect(numbersIn(await store.load("d"))).toEqual([1]);
  });

  test("that is damaged while the store is open makes its documents unreadable, and no others", async () => {
    await append("damaged", 1);
    await append("other", 2);
    const database = new Database(file);
    database.run("UPDATE journal SET data = x'0100000000010101' WHERE id = (SELECT min(id) FROM journal)");
    database.close(true);
    await expect(store.load("damaged")).rejects.toMatchObject({ kind: "corrupt" });
    expect(numbersIn(await store.load("other"))).toEqual([2]);
    const mend = new Database(file);
    mend.run("DELETE FROM journal WHERE id = (SELECT min(id) FROM journal)");
    mend.close(true);
  });
});

describe("folding at random", () => {
  const names = ["a", "b", "c", "d"];
  let ofMemory: ToldStore;
  let ofFile: ToldStore;

  async function compactPart(each: Store, name: string, part: number, update: Uint8Array): Promise<void> {
    const document = await each.load(name);
    if (document === undefined || document.deletedAt !== undefined) return;
    const tail = document.tail.slice(0, Math.ceil(document.tail.length * part));
    await each.compact(name, compaction(rowsOf({ ...document, tail }), update));
  }

  async function remove(each: Store, name: string, part: number): Promise<void> {
    if (part < 0.4) await each.purge(name);
    else if (part < 0.8) await each.delete(name);
    else await each.undelete(name);
  }

  /** Changes both stores in the same way, or folds or reopens the one in the file. */
  async function change(random: Random, memory: Store, step: number): Promise<void> {
    const [choice, name, part, update] = [random.real(), random.pick(names), random.real(), updateOf([step])];
    const large = random.chance(0.1) ? [{ document: name, update: new Uint8Array(270_000).fill(step) }] : [];
    const small = random.some([...names, ...names], 0.3).map((document) => ({ document, update }));
    const batch = [...small, ...large];
    if (choice < 0.65) await Promise.all([ofMemory.append(memory, batch), ofFile.append(store, batch)]);
    else if (choice < 0.8) await Promise.all([memory, store].map((each) => compactPart(each, name, part, update)));
    else if (choice < 0.88) await Promise.all([memory, store].map((each) => remove(each, name, part)));
    else if (choice < 0.89) await store.scrub();
    else if (choice < 0.95) await folded();
    else {
      await store.close();
      store = open();
    }
  }

  test.each([1, 2, 3, 4, 5, 6])(
    "changes nothing that is read (seed %d)",
    async (seed) => {
      const random = new Random(seed);
      const memory = openMemoryStore(clock);
      [ofMemory, ofFile] = [new ToldStore(names), new ToldStore(names)];
      for (let step = 0; step < 120; step += 1) {
        await change(random, memory, step);
        const expected = await ofMemory.tell(memory);
        expect(await ofFile.tell(store)).toEqual(expected);
        if (!random.chance(0.1)) continue;
        const copy = openCopy();
        expect(await ofFile.tell(copy)).toEqual(expected);
        await copy.close();
        clock.advance(1);
      }
    },
    30_000,
  );
});
