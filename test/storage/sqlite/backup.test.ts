import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { backUpDatabase, type CopiedUpdate, type Examine } from "../../../src/storage/sqlite/backup.ts";
import { restoreDatabase } from "../../../src/storage/sqlite/restore.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { updateOf } from "../../support/bytes/counting.ts";
import { placesOf } from "../../support/bytes/stored.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";

let workshop: Workshop;
let target: string;

beforeEach(() => {
  workshop = new Workshop();
  mkdirSync(workshop.file("backups"));
  target = workshop.file("backups", "copy.db");
});

afterEach(() => workshop[Symbol.dispose]());

const documents = { a: [updateOf([1]), updateOf([2])], "b/c": [updateOf([3])] };
const copied = { a: [[...updateOf([1])], [...updateOf([2])]], "b/c": [[...updateOf([3])]] };

/** The error of a backup, which must leave no file behind, and must not change the data folder. */
function refusal(file: string, examine?: Examine): unknown {
  const [data, backups] = [contentsOf(workshop.file("data")), readdirSync(workshop.file("backups"))];
  let refused: unknown;
  try {
    backUpDatabase({ file, target, ...(examine && { examine }) });
  } catch (error) {
    refused = error;
  }
  expect([contentsOf(workshop.file("data")), readdirSync(workshop.file("backups"))]).toEqual([data, backups]);
  return refused;
}

describe("a backup", () => {
  test("is one file with mode 0600 and every document, and does not modify the database", async () => {
    const file = await workshop.fill("data", documents);
    const before = readFileSync(file);
    expect(backUpDatabase({ file, target })).toEqual({ documents: 2, bytes: statSync(target).size, damaged: 0 });
    expect(readdirSync(workshop.file("backups"))).toEqual(["copy.db"]);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(await documentsIn(target)).toEqual(copied);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("contains the updates that a killed server has left in the -wal, which stays there", async () => {
    const file = await workshop.fillAndKill("data", documents);
    const before = contentsOf(workshop.file("data"));
    expect(backUpDatabase({ file, target }).documents).toBe(2);
    expect(contentsOf(workshop.file("data"))).toEqual(before);
    expect(await documentsIn(target)).toEqual(copied);
  });

  test("is one snapshot while a server writes, and does not block it", async () => {
    const file = await workshop.fill("data", documents);
    const store = openSqliteStore({ file, metrics: createMetrics() });
    await store.append([{ document: "a", update: updateOf([4]) }]);
    backUpDatabase({ file, target });
    await store.append([{ document: "a", update: updateOf([5]) }]);
    await store.close();
    expect((await documentsIn(target))["a"]).toEqual([1, 2, 4].map((number) => [...updateOf([number])]));
    expect((await documentsIn(file))["a"]).toHaveLength(4);
  });

  test("passes its updates to the examination before it is renamed to its target", async () => {
    const file = await workshop.fill("data", documents);
    const seen: [string, number[]][] = [];
    backUpDatabase({
      file,
      target,
      examine: (updates) => {
        expect(readdirSync(workshop.file("backups"))).toEqual([`copy.db.partial-${process.pid}`]);
        for (const { document, update } of updates) seen.push([document, [...update]]);
        return 0;
      },
    });
    expect(seen).toEqual(Object.entries(copied).flatMap(([name, all]) => all.map((bytes) => [name, bytes] as const)));
  });
});

describe("a backup of a database with a journal", () => {
  const newer = { a: [4, 5], c: [6] };

  /** Leaves some updates of each place, those of the journal unfolded. */
  async function fillJournal(): Promise<string> {
    const file = await workshop.fill("data", documents);
    const living = workshop.file("data-living");
    cpSync(workshop.file("data"), living, { recursive: true });
    const store = openSqliteStore({ file: join(living, "yurt.db"), metrics: createMetrics() });
    for (const [document, numbers] of Object.entries(newer)) {
      for (const number of numbers) await store.append([{ document, update: updateOf([number]) }]);
    }
    rmSync(workshop.file("data"), { recursive: true });
    cpSync(living, workshop.file("data"), { recursive: true });
    rmSync(`${file}-shm`);
    await store.close();
    expect(placesOf(file)).toEqual({ updates: 3, live: 3, records: 3 });
    return file;
  }

  test("has all updates, and passes them to the examination", async () => {
    const file = await fillJournal();
    const seen: string[] = [];
    const examine = (updates: Iterable<CopiedUpdate>) => {
      for (const { document, update } of updates)
        seen.push(`${document} ${new Uint32Array(new Uint8Array(update).buffer)}`);
      return 0;
    };
    expect(backUpDatabase({ file, target, examine }).documents).toBe(3);
    expect(seen).toEqual(["a 1", "a 2", "b/c 3", "a 4", "a 5", "c 6"]);
    const restored = workshop.file("restored");
    restoreDatabase({ source: target, dataFolder: restored, atMs: 0 });
    const expected = {
      a: [1, 2, 4, 5].map((number) => [...updateOf([number])]),
      "b/c": [[...updateOf([3])]],
      c: [[...updateOf([6])]],
    };
    expect(await documentsIn(join(restored, "yurt.db"))).toEqual(expected);
    expect(await documentsIn(file)).toEqual(expected);
  });

  test("fails with `--verify` at a damaged record, and such a file is not restored", async () => {
    const file = await fillJournal();
    const database = new Database(file);
    database.run("UPDATE journal SET data = x'0100000000010101' WHERE id = (SELECT max(id) FROM journal)");
    database.close(true);
    expect(refusal(file, (updates) => [...updates].length)).toMatchObject({ kind: "corrupt" });
    backUpDatabase({ file, target });
    const restore = () => restoreDatabase({ source: target, dataFolder: workshop.file("restored"), atMs: 0 });
    expect(restore).toThrow(expect.objectContaining({ kind: "corrupt", message: expect.stringContaining("journal") }));
  });
});

describe("a backup fails and leaves no file, when", () => {
  test("its target exists, whatever it is", async () => {
    const file = await workshop.fill("data", documents);
    writeFileSync(target, "a letter");
    expect(refusal(file)).toMatchObject({ code: "EEXIST" });
    expect(readFileSync(target, "utf8")).toBe("a letter");
    rmSync(target);
    mkdirSync(target);
    expect(refusal(file)).toMatchObject({ code: "EEXIST" });
  });

  test("its target is created meanwhile", async () => {
    const file = await workshop.fill("data", documents);
    const examine = () => {
      writeFileSync(target, "a letter");
      return 0;
    };
    expect(() => backUpDatabase({ file, target, examine })).toThrow(expect.objectContaining({ code: "EEXIST" }));
    expect(readdirSync(workshop.file("backups"))).toEqual(["copy.db"]);
    expect(readFileSync(target, "utf8")).toBe("a letter");
  });

  test("its folder does not exist", async () => {
    const file = await workshop.fill("data", documents);
    target = workshop.file("nowhere", "copy.db");
    expect(refusal(file)).toMatchObject({ code: "ENOENT" });
  });

  test("there is no database", () => {
    mkdirSync(workshop.file("data"));
    expect(refusal(workshop.file("data", "yurt.db"))).toMatchObject({ name: "DatabaseMissing" });
  });

  test("the database is empty, and updates are in its -wal", async () => {
    const file = await workshop.fillAndKill("data", documents);
    writeFileSync(file, "");
    expect(refusal(file)).toMatchObject({ kind: "corrupt", message: expect.stringContaining("yurt.db-wal holds") });
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  });

  test("the database belongs to another program", async () => {
    mkdirSync(workshop.file("data"));
    const file = workshop.file("data", "yurt.db");
    const database = new Database(file);
    database.run("CREATE TABLE numbers (number)");
    database.close(true);
    expect(refusal(file)).toMatchObject({ kind: "corrupt", message: "it is not a Yurt database" });
  });

  test("a page of the database is damaged", async () => {
    const file = await workshop.fill("data", { a: Array.from({ length: 100 }, () => new Uint8Array(1_000)) });
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, bytes.length - 8 * 4096));
    expect(refusal(file)).toMatchObject({ kind: "corrupt" });
  });

  test("the examination throws", async () => {
    const file = await workshop.fill("data", documents);
    const trouble = new Error("no");
    const examine = () => {
      throw trouble;
    };
    expect(refusal(file, examine)).toBe(trouble);
  });
});
