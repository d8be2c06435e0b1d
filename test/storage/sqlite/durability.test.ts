import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import fs, { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics, type Metrics } from "../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { type Store, StoreError } from "../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { eventually } from "../../support/eventually.ts";

let folder: string;
let file: string;
let metrics: Metrics;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-durability-"));
  file = join(folder, "store.db");
  metrics = createMetrics();
  store = openSqliteStore({ file, metrics });
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const append = (...numbers: readonly number[]) => store.append([{ document: "d", update: updateOf(numbers) }]);

/** Makes the next syncs fail, as a disk with a bad sector does. The returned function ends that. */
function failSyncs(): () => void {
  const spy = spyOn(fs, "fsync").mockImplementation(((_: number, done: (error: Error) => void) => {
    setImmediate(() => done(Object.assign(new Error("EIO: i/o error, fsync"), { code: "EIO" })));
  }) as typeof fs.fsync);
  return () => spy.mockRestore();
}

/** The content of a copy of the files, without the write-ahead log if only `file` is named. */
async function copied(files: readonly string[]): Promise<number[]> {
  const copy = mkdtempSync(join(tmpdir(), "yurt-copy-"));
  for (const name of files) copyFileSync(join(folder, name), join(copy, name));
  const opened = openSqliteStore({ file: join(copy, "store.db"), metrics: createMetrics() });
  const numbers = numbersIn(await opened.load("d"));
  await opened.close();
  rmSync(copy, { recursive: true });
  return numbers;
}

/** The salts of the write-ahead log, which change when SQLite restarts it. */
const generation = () => readFileSync(`${file}-wal`).subarray(16, 24).toHex();

describe("durable", () => {
  test("syncs the write-ahead log with one system call that does not block the event loop", async () => {
    const spy = spyOn(fs, "fsync");
    try {
      await append(1);
      expect(spy).not.toHaveBeenCalled();
      await store.durable();
      expect(spy).toHaveBeenCalledTimes(1);
      expect(fs.readlinkSync(`/proc/self/fd/${spy.mock.calls[0]?.[0]}`)).toBe(fs.realpathSync(`${file}-wal`));
    } finally {
      spy.mockRestore();
    }
  });

  test("rejects when the sync fails, and the appended updates can still be read", async () => {
    const mend = failSyncs();
    await append(1);
    await expect(store.durable()).rejects.toThrow(StoreError);
    mend();
    expect(numbersIn(await store.load("d"))).toEqual([1]);
  });

  test("after a failed sync checkpoints the log, and writes the updates that may not be on disk to a restarted one", async () => {
    await append(1);
    await store.durable();
    const before = generation();
    const mend = failSyncs();
    await append(2);
    await append(3);
    await expect(store.durable()).rejects.toThrow("EIO");
    await append(4);
    await expect(store.durable()).rejects.toThrow("EIO");
    mend();
    await store.durable();
    expect(generation()).not.toBe(before);
    expect(await copied(["store.db"])).toEqual([1, 2, 3, 4]);
    const log = readFileSync(`${file}-wal`);
    for (const number of [2, 3, 4]) expect(log.includes(updateOf([number]))).toBe(true);
    expect(await copied(["store.db", "store.db-wal"])).toEqual([1, 2, 3, 4]);
    expect(numbersIn(await store.load("d"))).toEqual([1, 2, 3, 4]);
  });

  test("after a failed sync does not bring back updates that were compacted or removed", async () => {
    const mend = failSyncs();
    await append(1);
    await append(2);
    await store.append([{ document: "removed", update: updateOf([9]) }]);
    await expect(store.durable()).rejects.toThrow("EIO");
    const rows = rowsOf(await store.load("d"));
    await store.compact("d", compaction(rows, updateOf([1, 2])));
    await store.purge("removed");
    mend();
    await store.durable();
    const document = await store.load("d");
    expect([numbersIn(document), document?.tail]).toEqual([[1, 2], []]);
    expect(await store.load("removed")).toBeUndefined();
  });

  test("after a successful sync writes nothing again", async () => {
    await append(1);
    await store.durable();
    const size = statSync(`${file}-wal`).size;
    await store.durable();
    expect(statSync(`${file}-wal`).size).toBe(size);
  });
});

describe("the write-ahead log", () => {
  const frames = () => {
    const database = new Database(file, { readonly: true });
    const row = database.query<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(NOOP)").get();
    database.close(true);
    return row ?? { log: 0, checkpointed: 0 };
  };
  const checkpoints = async () =>
    (await metrics.checkpoints.get()).values.find(({ metricName }) => metricName?.endsWith("_count"))?.value ?? 0;

  test("is checkpointed by another connection when it has grown, without blocking the event loop", async () => {
    for (let number = 0; number < 1_500; number += 1) await append(number);
    await eventually("a checkpoint", async () => (await checkpoints()) > 0);
    // After a whole checkpoint the next append starts the log anew, and then it is shorter than the appends.
    await eventually("checkpointed", () => frames().checkpointed > 0 || frames().log < 1_500);
    expect(numbersIn(await store.load("d"))).toHaveLength(1_500);
  });

  test("is restarted even under a constant stream of updates", async () => {
    const update = new Uint8Array(400_000);
    const longest = 64 * 2 ** 20;
    for (let count = 0; count < 400; count += 1) await store.append([{ document: "d", update }]);
    expect(statSync(`${file}-wal`).size).toBeLessThan(longest + 20 * 2 ** 20);
    expect((await store.load("d"))?.tail).toHaveLength(400);
  });

  test("grows while a reader holds an old snapshot of the database, and writers do not wait for that", async () => {
    const reader = new Database(file, { readonly: true });
    await append(0);
    reader.run("BEGIN");
    reader.query("SELECT count(*) FROM updates").get();
    const update = new Uint8Array(400_000);
    for (let count = 0; count < 250; count += 1) await store.append([{ document: "d", update }]);
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(250 * 400_000);
    reader.run("COMMIT");
    reader.close(true);
    for (let count = 0; count < 250; count += 1) await store.append([{ document: "d", update }]);
    const framesOfAll = (500 * update.byteLength) / 4_096;
    expect(frames().log).toBeLessThan(framesOfAll * 0.8);
    expect((await store.load("d"))?.tail).toHaveLength(501);
  });

  test("is removed when the store closes, even after a worker has checkpointed it", async () => {
    for (let number = 0; number < 1_500; number += 1) await append(number);
    await eventually("a checkpoint", async () => (await checkpoints()) > 0);
    await store.close();
    expect(readdirSync(folder)).toEqual(["store.db"]);
    expect(existsSync(`${file}-shm`)).toBe(false);
    store = openSqliteStore({ file, metrics });
    expect(numbersIn(await store.load("d"))).toHaveLength(1_500);
  });
});
