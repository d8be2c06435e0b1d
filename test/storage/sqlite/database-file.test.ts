import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { checkDatabase } from "../../../src/storage/sqlite/database-file.ts";
import { DatabaseIsNewer } from "../../../src/storage/sqlite/migrations.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { StoreError } from "../../../src/storage/store.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";

let workshop: Workshop;

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop[Symbol.dispose]());

const documents = { a: [bringing(1, 0, 5), bringing(1, 5, 9)], b: [new Uint8Array(30_000)] };

/** The error that opening throws; it must not change the folder. */
function refusal(file: string): unknown {
  const before = contentsOf(dirname(file));
  let refused: unknown;
  try {
    openSqliteStore({ file, metrics: createMetrics() });
  } catch (error) {
    refused = error;
  }
  expect(contentsOf(dirname(file))).toEqual(before);
  return refused;
}

/** Changes a database as another program could. */
function change(file: string, ...statements: readonly string[]): void {
  const database = new Database(file);
  database.run("PRAGMA journal_mode = DELETE");
  for (const statement of statements) database.run(statement);
  database.close(true);
}

/** Overwrites the first page of the table or index with this name. */
function damagePageOf(file: string, name: string): void {
  const database = new Database(file, { readonly: true });
  const { rootpage = 0 } =
    database.query<{ rootpage: number }, [string]>("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(name) ?? {};
  database.close(true);
  const bytes = readFileSync(file);
  expect(rootpage).toBeGreaterThan(1);
  writeFileSync(file, bytes.fill(0xff, (rootpage - 1) * 4096, rootpage * 4096));
  for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
}

describe("a database is opened", () => {
  test("when it is new, empty, or was left by a server that was killed", async () => {
    mkdirSync(workshop.file("new"));
    expect(await documentsIn(workshop.file("new", "yurt.db"))).toEqual({});
    writeFileSync(workshop.file("empty.db"), "");
    expect(await documentsIn(workshop.file("empty.db"))).toEqual({});
    expect(Object.keys(await documentsIn(await workshop.fillAndKill("killed", documents)))).toEqual(["a", "b"]);
  });

  test("when it has an additional table with an index, and statistics", async () => {
    const file = await workshop.fill("data", documents);
    change(file, "CREATE TABLE notes (text UNIQUE)", "CREATE INDEX by_length ON notes (length(text))", "ANALYZE");
    expect(Object.keys(await documentsIn(file))).toEqual(["a", "b"]);
  });

  test("when its first start was interrupted", async () => {
    const file = workshop.file("yurt.db");
    change(file, "PRAGMA user_version = 0");
    const database = new Database(file);
    database.run("PRAGMA journal_mode = DELETE");
    database.run("PRAGMA cache_size = 1");
    database.run("PRAGMA cache_spill = 1");
    database.run("BEGIN");
    database.run("CREATE TABLE unfinished (data)");
    database.run("INSERT INTO unfinished VALUES (zeroblob(100000))");
    const cutOff = workshop.file("cut-off.db");
    for (const suffix of ["", "-journal"]) writeFileSync(cutOff + suffix, readFileSync(file + suffix));
    database.close(false);
    expect(statSync(`${cutOff}-journal`).size).toBeGreaterThan(0);
    expect(await documentsIn(cutOff)).toEqual({});
  });
});

describe("a database is refused as corrupt, and nothing beside it is touched, when", () => {
  test.each<[string, (file: string) => void, RegExp]>([
    ["it is a letter", (file) => writeFileSync(file, "This is no database.\n".repeat(500)), /not a database/],
    ["its first page is zeros", (file) => writeFileSync(file, readFileSync(file).fill(0, 0, 4096)), /not a database/],
    ["it has lost its end", (file) => truncateSync(file, 5 * 4096), /malformed/],
    ["it has lost all but its first page", (file) => truncateSync(file, 4096), /malformed/],
    ["it has lost part of its first page", (file) => truncateSync(file, 1000), /not a database|malformed/],
    ["its schema is overwritten", (file) => writeFileSync(file, readFileSync(file).fill(0xff, 100, 4096)), /malformed/],
    ["a table is missing", (file) => change(file, "DROP TABLE updates"), /column updates\.document is missing/],
    ["all tables are missing", dropAll, /column documents\.id is missing/],
    [
      "a column has another name",
      (file) => change(file, "ALTER TABLE updates RENAME data TO d"),
      /column updates\.data is missing/,
    ],
    ["the first page of the updates is damaged", (file) => damagePageOf(file, "updates"), /malformed/],
    ["the first page of the documents is damaged", (file) => damagePageOf(file, "documents"), /malformed/],
    [
      "the first page of their names is damaged",
      (file) => damagePageOf(file, "sqlite_autoindex_documents_1"),
      /malformed/,
    ],
    ["the first page of the row ids is damaged", (file) => damagePageOf(file, "row_ids"), /malformed/],
    ["the row ids in use are unknown", (file) => change(file, "DELETE FROM row_ids"), /table row_ids is empty/],
    [
      "it has a trigger",
      (file) => change(file, "CREATE TRIGGER lose AFTER INSERT ON updates BEGIN DELETE FROM updates; END"),
      /trigger lose is not as Yurt creates it/,
    ],
    [
      "it has a trigger on a table of its own",
      (file) => change(file, "CREATE TABLE n (t)", "CREATE TRIGGER t AFTER INSERT ON n BEGIN DELETE FROM updates; END"),
      /trigger t is not as/,
    ],
    ["it has a view", (file) => change(file, "CREATE VIEW endless AS SELECT 1"), /view endless is not as/],
    [
      "it has a virtual table",
      (file) => change(file, "CREATE VIRTUAL TABLE search USING fts5(text)"),
      /table search is not as/,
    ],
    [
      "a table of it has another constraint",
      (file) => change(file, "ALTER TABLE documents ADD owner TEXT CHECK (owner IS NULL)"),
      /table documents is not as/,
    ],
    [
      "a table of it has another index",
      (file) => change(file, "CREATE INDEX by_id ON updates (abs(id))"),
      /index by_id is not as/,
    ],
    ["it is another program's", (file) => change(file, "PRAGMA user_version = 0"), /not a Yurt database/],
  ])("%s", async (_, damage, message) => {
    const file = await workshop.fill("data", documents);
    damage(file);
    const refused = refusal(file);
    expect(refused).toBeInstanceOf(StoreError);
    expect(refused).toMatchObject({ kind: "corrupt", message: expect.stringMatching(message) });
    expect(readdirSync(workshop.file("data"))).toEqual(["yurt.db"]);
  });

  function dropAll(file: string): void {
    change(file, "DROP TABLE updates", "DROP TABLE documents", "DROP TABLE row_ids");
  }

  test.each<[string, (file: string) => void]>([
    ["it is empty", (file) => truncateSync(file, 0)],
    ["it is missing", (file) => rmSync(file)],
  ])("%s and its -wal is not", async (state, damage) => {
    const file = await workshop.fillAndKill("data", documents);
    damage(file);
    const message = `yurt.db ${state.slice("it ".length)}, and yurt.db-wal holds updates of it`;
    expect(refusal(file)).toMatchObject({ kind: "corrupt", message });
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(30_000);
  });

  test("a restore was interrupted between the names", async () => {
    const file = await workshop.fill("data", documents);
    writeFileSync(`${file}.restoring`, readFileSync(file));
    expect(Object.keys(await documentsIn(file))).toEqual(["a", "b"]);
    rmSync(file);
    const message = "yurt.db is missing, for a restore was interrupted";
    expect(refusal(file)).toMatchObject({ kind: "corrupt", message });
  });

  test("it is a text file beside a -wal with updates", async () => {
    const file = await workshop.fillAndKill("data", documents);
    writeFileSync(file, "This is no database.\n".repeat(500));
    expect(refusal(file)).toMatchObject({ kind: "corrupt", message: "file is not a database" });
  });
});

test("a newer database is refused with an error that names both versions, and its -wal is kept", async () => {
  const file = await workshop.fillAndKill("data", documents);
  const database = new Database(file);
  database.run("PRAGMA wal_autocheckpoint = 0");
  database.run("PRAGMA user_version = 99");
  mkdirSync(workshop.file("newer"));
  const newer = workshop.file("newer", "yurt.db");
  for (const suffix of ["", "-wal"]) writeFileSync(newer + suffix, readFileSync(file + suffix));
  database.close(true);
  expect(statSync(`${newer}-wal`).size).toBeGreaterThan(0);
  const refused = refusal(newer);
  expect(refused).toBeInstanceOf(DatabaseIsNewer);
  expect(String(refused)).toMatch(/version 99.*up to \d+\./);
});

test("a check creates no files beside an idle database, and does not delay a start", async () => {
  const file = await workshop.fill("data", documents);
  const before = readFileSync(file);
  const startedAt = performance.now();
  for (let times = 0; times < 20; times += 1) checkDatabase(file);
  expect((performance.now() - startedAt) / 20).toBeLessThan(50);
  expect(readdirSync(workshop.file("data"))).toEqual(["yurt.db"]);
  expect(readFileSync(file).equals(before)).toBe(true);
});
