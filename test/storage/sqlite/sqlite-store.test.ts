import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { DatabaseIsNewer } from "../../../src/storage/sqlite/migrations.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { StoreError, type StoreErrorKind } from "../../../src/storage/store.ts";
import { describeStore } from "../../contract/store.ts";
import { compareWithMemory } from "../../contract/store-operations.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { Child } from "../../support/processes/child.ts";
import type { FillReport } from "../../support/processes/fill-store.ts";
import { createSqliteMedium } from "../../support/sqlite-medium.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-sqlite-"));
  file = join(folder, "store.db");
});

afterEach(() => rmSync(folder, { recursive: true }));

describeStore("a store in SQLite", () => openSqliteStore({ file, metrics: createMetrics() }));

const one = Uint8Array.of(1);
const countTo = (end: number) => Array.from({ length: end }, (_, index) => index);

async function kindOfFailure(promise: Promise<unknown>): Promise<StoreErrorKind | undefined> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof StoreError ? error.kind : undefined;
}

test("a store appends synchronously, and makes all calls wait in order while its log is too long", async () => {
  const store = openSqliteStore({ file, metrics: createMetrics() });
  const update = new Uint8Array(33 * 2 ** 20);
  const first = store.append([{ document: "document", update }]);
  expect(first).toBeArray();
  const before = await store.load("document");
  expect(before?.tail).toHaveLength(1);
  expect(store.append([{ document: "document", update }])).toBeArray();
  // The log is longer than 64 MB now.
  const third = store.append([{ document: "document", update: one }]);
  const loaded = store.load("document");
  const fourth = store.append([{ document: "document", update: one }]);
  expect([third, fourth]).toEqual([expect.any(Promise), expect.any(Promise)]);
  expect((await loaded)?.tail).toHaveLength(3);
  const rows = [first, await third, await fourth].flat();
  expect(rows).toEqual(rows.toSorted());
  expect(store.append([{ document: "document", update: one }])).toBeArray();
  await store.close();
});

describe("a store that is opened again", () => {
  test("has all its data, and appends after it", async () => {
    let store = openSqliteStore({ file, metrics: createMetrics() });
    const rows = await store.append([
      { document: "document", update: updateOf([0]) },
      { document: "document", update: updateOf([1]) },
      { document: "document", update: updateOf([2]) },
    ]);
    await store.compact("document", compaction(rows.slice(0, 2), updateOf([0, 1])));
    await store.close();
    store = openSqliteStore({ file, metrics: createMetrics() });
    await store.append([{ document: "document", update: updateOf([3]) }]);
    expect(numbersIn(await store.load("document"))).toEqual([0, 1, 2, 3]);
    expect((await store.load("document"))?.tail.length).toBe(2);
    await store.close();
  });

  test("is one file while it is closed", async () => {
    const store = openSqliteStore({ file, metrics: createMetrics() });
    await store.append([{ document: "document", update: one }]);
    await store.close();
    expect(readdirSync(folder)).toEqual(["store.db"]);
  });

  test("has every batch whose promise had resolved before a kill, complete and in order", async () => {
    let acknowledged = -1;
    for (const batches of [1, 70, 130]) {
      await using child = new Child("killed/append-until-killed.ts", [file]);
      for (let batch = 0; batch < batches; batch += 1) acknowledged = Number(await child.line());
      child.kill();
      acknowledged = Number((await child.rest()).at(-1) ?? acknowledged);
      const store = openSqliteStore({ file, metrics: createMetrics() });
      const [a, b] = [numbersIn(await store.load("a")), numbersIn(await store.load("b"))];
      await store.close();
      expect(a).toEqual(countTo(a.length));
      expect(b).toEqual(a);
      expect(a.length).toBeGreaterThan(acknowledged);
    }
  });
});

describe("a file that cannot be used", () => {
  /** Returns the kind of the error that is thrown; the folder must not change. */
  function refusal(): unknown {
    const before = readFileSync(file);
    let refused: unknown;
    try {
      openSqliteStore({ file, metrics: createMetrics() });
    } catch (error) {
      refused = error instanceof StoreError ? error.kind : error;
    }
    expect(readdirSync(folder)).toEqual(["store.db"]);
    expect(readFileSync(file).equals(before)).toBe(true);
    return refused;
  }

  async function writeDocuments(): Promise<void> {
    const store = openSqliteStore({ file, metrics: createMetrics() });
    await store.append(countTo(5_000).map((index) => ({ document: `${index % 10}`, update: new Uint8Array(100) })));
    await store.close();
  }

  test("is reported as corrupt and not changed when it is not a database", () => {
    writeFileSync(file, "This is a letter, not a database.\n".repeat(1_000));
    expect(refusal()).toBe("corrupt");
  });

  test("is reported as corrupt and not changed when it is truncated", async () => {
    await writeDocuments();
    writeFileSync(file, readFileSync(file).subarray(0, 100_000));
    expect(refusal()).toBe("corrupt");
  });

  test("is refused with an error that names both versions, and not changed, when a newer release wrote it", async () => {
    await writeDocuments();
    const database = new Database(file);
    database.run("PRAGMA user_version = 99");
    database.close(true);
    const error = refusal();
    expect(error).toBeInstanceOf(DatabaseIsNewer);
    expect(String(error)).toMatch(/version 99.*up to \d+\./);
  });

  test("makes only the damaged documents corrupt when it is damaged in the middle", async () => {
    await writeDocuments();
    const bytes = readFileSync(file);
    const damagedFrom = Math.floor(bytes.length / 2 / 4096) * 4096;
    writeFileSync(file, bytes.fill(0xff, damagedFrom, damagedFrom + 3 * 4096));
    const store = openSqliteStore({ file, metrics: createMetrics() });
    const results = await Promise.all(countTo(10).map((index) => kindOfFailure(store.load(`${index}`))));
    await store.close();
    expect(new Set(results)).toEqual(new Set([undefined, "corrupt"]));
  });

  test("is reported as unavailable when its folder does not exist", () => {
    const open = () => openSqliteStore({ file: join(folder, "nowhere", "store.db"), metrics: createMetrics() });
    expect(open).toThrow(expect.objectContaining({ kind: "unavailable" }));
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });
});

test("a reader of the file, such as a backup, does not block a store, and sees one snapshot", async () => {
  const store = openSqliteStore({ file, metrics: createMetrics() });
  await store.append([{ document: "document", update: updateOf([0]) }]);
  const reader = new Database(file, { readonly: true });
  const count = reader.prepare("SELECT count(*) FROM journal");
  reader.run("BEGIN");
  expect(count.values()).toEqual([[1]]);
  await store.append([{ document: "document", update: updateOf([1]) }]);
  expect(numbersIn(await store.load("document"))).toEqual([0, 1]);
  expect(count.values()).toEqual([[1]]);
  reader.close(true);
  await store.close();
});

describe("a store that cannot write", () => {
  test("fails as unavailable while another program writes, and accepts the same batch afterwards", async () => {
    const store = openSqliteStore({ file, metrics: createMetrics() });
    await store.append([{ document: "document", update: updateOf([0]) }]);
    const other = new Database(file);
    other.run("BEGIN IMMEDIATE");
    const batch = ["document", "new"].map((document) => ({ document, update: updateOf([1]) }));
    expect(() => store.append(batch)).toThrow(expect.objectContaining({ kind: "unavailable" }));
    expect(numbersIn(await store.load("document"))).toEqual([0]);
    other.close(true);
    await store.append(batch);
    expect(numbersIn(await store.load("document"))).toEqual([0, 1]);
    expect(numbersIn(await store.load("new"))).toEqual([1]);
    await store.close();
  });

  test("fails as unavailable when files may not grow, and stores each batch completely or not at all", async () => {
    // The limit counts 512 bytes each. Without the trap the signal that comes with it would end the process.
    const limited = ["sh", "-c", `trap "" XFSZ; ulimit -f 4000; exec "$@"`, "sh"];
    await using child = new Child("fill-store.ts", [file], limited);
    const report: FillReport = JSON.parse(await child.line());
    expect(report).toEqual({ ...rolledBack(report), appendFailure: "unavailable", compactFailure: "unavailable" });
    expect(await child.exitCode()).toBe(0);
    const store = openSqliteStore({ file, metrics: createMetrics() });
    expect(rowsOf(await store.load("every")).length).toBe(report.acknowledgedBatches);
    await store.close();
  });

  const privately = ["unshare", "--map-root-user", "--mount"];
  const canMount = Bun.which("unshare") !== null && Bun.spawnSync([...privately, "true"]).exitCode === 0;

  test.skipIf(!canMount)(
    "because the disk is full: fails as full, and takes the same batch when there is room",
    async () => {
      const mount = `mount -t tmpfs -o size=6m none "$0" && head -c 4000000 /dev/zero >"$0/filler" && exec "$@"`;
      const args = [file, join(folder, "filler")];
      await using child = new Child("fill-store.ts", args, [...privately, "sh", "-c", mount, folder]);
      const report: FillReport = JSON.parse(await child.line());
      expect(report).toEqual({
        ...rolledBack(report),
        appendFailure: "full",
        compactFailure: "full",
        rowsOfEveryAtEnd: report.acknowledgedBatches + 1,
        documentsAtEnd: report.acknowledgedBatches + 2,
      });
      expect(await child.exitCode()).toBe(0);
    },
  );

  /** The content if exactly the acknowledged batches are stored. */
  function rolledBack({ acknowledgedBatches, ...report }: FillReport): FillReport {
    expect(acknowledgedBatches).toBeGreaterThan(5);
    const [rowsOfEvery, documents] = [acknowledgedBatches, acknowledgedBatches + 1];
    const atEnd = { rowsOfEveryAtEnd: rowsOfEvery, documentsAtEnd: documents };
    return { ...report, acknowledgedBatches, rowsOfEvery, documents, ...atEnd };
  }
});

compareWithMemory(createSqliteMedium, { seeds: [1, 2, 3, 4, 5], steps: 300 });
