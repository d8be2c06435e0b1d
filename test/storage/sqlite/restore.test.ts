import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chownSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { openDataFolder } from "../../../src/storage/data-folder.ts";
import { backUpDatabase } from "../../../src/storage/sqlite/backup.ts";
import { restoreDatabase } from "../../../src/storage/sqlite/restore.ts";
import { updateOf } from "../../support/bytes/counting.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";

let workshop: Workshop;
let source: string;
let dataFolder: string;

const atMs = Date.UTC(2026, 2, 1, 12, 30, 15, 7);
const aside = "yurt.db.before-restore-2026-03-01T12-30-15.007Z";
const old = { a: [updateOf([1])] };
const present = { a: [updateOf([1]), updateOf([2])], b: [updateOf([3])] };
const bytesOf = (documents: Readonly<Record<string, readonly Uint8Array[]>>) =>
  Object.fromEntries(Object.entries(documents).map(([name, updates]) => [name, updates.map((update) => [...update])]));

beforeEach(async () => {
  workshop = new Workshop();
  dataFolder = workshop.file("data");
  source = workshop.file("backup.db");
  backUpDatabase({ file: await workshop.fill("old", old), target: source });
});

afterEach(() => workshop[Symbol.dispose]());

const restore = () => restoreDatabase({ source, dataFolder, atMs });

describe("a restore", () => {
  test("replaces the database by the backup, and keeps it", async () => {
    const file = await workshop.fill("data", present);
    const before = readFileSync(source);
    expect(restore()).toEqual({ documents: 1, bytes: statSync(file).size, keptAside: `${dataFolder}/${aside}` });
    expect(readdirSync(dataFolder).sort()).toEqual(["lock", "yurt.db", aside].sort());
    expect(await documentsIn(file)).toEqual(bytesOf(old));
    expect(await documentsIn(workshop.file("data", aside))).toEqual(bytesOf(present));
    expect(readFileSync(source).equals(before)).toBe(true);
  });

  test("keeps the -wal of the database, and applies none of it to the backup", async () => {
    const file = await workshop.fillAndKill("data", present);
    restore();
    expect(readdirSync(dataFolder).filter((name) => name.endsWith("-wal"))).toEqual([`${aside}-wal`]);
    expect(await documentsIn(file)).toEqual(bytesOf(old));
    expect(await documentsIn(workshop.file("data", aside))).toEqual(bytesOf(present));
  });

  test("can be undone: the database that it kept is a valid source, with its -wal", async () => {
    const file = await workshop.fillAndKill("data", present);
    restore();
    source = workshop.file("data", aside);
    expect(restoreDatabase({ source, dataFolder, atMs: atMs + 1 }).documents).toBe(2);
    expect(await documentsIn(file)).toEqual(bytesOf(present));
  });

  test.each<[string, (file: string) => void]>([
    ["a file that is no database", (file) => writeFileSync(file, "a letter")],
    ["an empty file beside a -wal with updates", (file) => writeFileSync(file, "")],
    ["a database that has lost its end", (file) => writeFileSync(file, readFileSync(file).subarray(0, 5_000))],
  ])("keeps %s byte for byte", async (_, damage) => {
    const file = await workshop.fillAndKill("data", present);
    damage(file);
    const before = contentsOf(dataFolder);
    restore();
    const kept = contentsOf(dataFolder);
    expect([kept[aside], kept[`${aside}-wal`]]).toEqual([before["yurt.db"], before["yurt.db-wal"]]);
    expect(await documentsIn(file)).toEqual(bytesOf(old));
  });

  test("creates a missing data folder", async () => {
    expect(restore()).toMatchObject({ documents: 1, keptAside: undefined });
    expect(statSync(dataFolder).mode & 0o777).toBe(0o700);
    expect(await documentsIn(workshop.file("data", "yurt.db"))).toEqual(bytesOf(old));
  });

  test("works after an interrupted one", async () => {
    const file = await workshop.fill("data", present);
    writeFileSync(`${file}.restoring-partial`, "half of a backup");
    writeFileSync(`${file}.restoring`, "all of a backup");
    restore();
    expect(readdirSync(dataFolder).sort()).toEqual(["lock", "yurt.db", aside].sort());
  });

  test("accepts the copy of an interrupted one as its source", async () => {
    const file = await workshop.fill("data", present);
    renameSync(file, `${file}.restoring`);
    source = `${file}.restoring`;
    expect(restore()).toMatchObject({ documents: 2, keptAside: undefined });
    expect(await documentsIn(file)).toEqual(bytesOf(present));
  });

  test.skipIf(process.getuid?.() !== 0)("by root keeps the owner of the database", async () => {
    const file = await workshop.fill("data", present);
    chownSync(file, 65_532, 65_532);
    restore();
    expect(statSync(file)).toMatchObject({ uid: 65_532, gid: 65_532 });
  });
});

describe("a restore is refused before anything is changed, when", () => {
  /** The error of the restore, which must not change the data folder. */
  function refusal(): unknown {
    const { lock: _lock, ...before } = contentsOf(dataFolder);
    let refused: unknown;
    try {
      restore();
    } catch (error) {
      refused = error;
    }
    const { lock: _, ...after } = contentsOf(dataFolder);
    expect(after).toEqual(before);
    return refused;
  }

  beforeEach(async () => {
    await workshop.fillAndKill("data", present);
  });

  test("a server uses the data folder", () => {
    const folder = openDataFolder(dataFolder);
    expect(refusal()).toMatchObject({ name: "DataFolderLocked" });
    folder.release();
  });

  test("its source does not exist, or is a folder", () => {
    source = workshop.file("nowhere.db");
    expect(refusal()).toMatchObject({ name: "DatabaseMissing" });
    source = workshop.path;
    expect(refusal()).toMatchObject({ name: "DatabaseMissing" });
    expect(existsSync(workshop.file("nowhere.db"))).toBe(false);
  });

  test("its source is empty, or only its -wal is left", () => {
    writeFileSync(source, "");
    expect(refusal()).toMatchObject({ kind: "corrupt", message: "file is empty" });
    writeFileSync(`${source}-wal`, "updates");
    expect(refusal()).toMatchObject({ kind: "corrupt", message: expect.stringContaining("backup.db-wal holds") });
    expect(readFileSync(`${source}-wal`, "utf8")).toBe("updates");
  });

  test("its source is not a database", () => {
    writeFileSync(source, "a letter ".repeat(1_000));
    expect(refusal()).toMatchObject({ kind: "corrupt", message: "file is not a database" });
  });

  test("its source has a trigger, which would drop later writes", () => {
    const database = new Database(source);
    database.run("CREATE TRIGGER lose AFTER INSERT ON updates BEGIN DELETE FROM updates; END");
    database.close(true);
    expect(refusal()).toMatchObject({ kind: "corrupt", message: "its trigger lose is not as Yurt creates it" });
  });

  test("its source is truncated", () => {
    writeFileSync(source, readFileSync(source).subarray(0, 3 * 4096));
    expect(refusal()).toMatchObject({ kind: "corrupt" });
  });

  test("a page in the middle of its source is damaged", async () => {
    const many = { a: Array.from({ length: 200 }, () => new Uint8Array(1_000)) };
    source = await workshop.fill("damaged", many);
    const bytes = readFileSync(source);
    const middle = Math.floor(bytes.length / 2 / 4096) * 4096;
    writeFileSync(source, bytes.fill(0xff, middle, middle + 4096));
    expect(refusal()).toMatchObject({ kind: "corrupt" });
  });

  test.each<[string, string, object]>([
    ["another program's", "PRAGMA user_version = 0", { kind: "corrupt", message: "it is not a Yurt database" }],
    ["of a newer release", "PRAGMA user_version = 99", { name: "DatabaseIsNewer" }],
    ["without a table", "DROP TABLE row_ids", { kind: "corrupt", message: expect.stringContaining("row_ids") }],
  ])("its source is %s", (_, statement, refused) => {
    const database = new Database(source);
    database.run(statement);
    database.close(true);
    expect(refusal()).toMatchObject(refused);
  });

  test("its source is invalid, and then no data folder is created", () => {
    writeFileSync(source, "a letter ".repeat(1_000));
    dataFolder = workshop.file("new");
    expect(restore).toThrow("file is not a database");
    expect(existsSync(dataFolder)).toBe(false);
  });

  test("the new name of the previous database already exists", () => {
    writeFileSync(workshop.file("data", aside), "a letter");
    expect(String(refusal())).toContain(`${aside} already exists.`);
  });
});
