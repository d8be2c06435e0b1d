import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { version as packageVersion } from "../../../package.json";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { backUpDatabase } from "../../../src/storage/sqlite/backup.ts";
import { DatabaseIsNewer, migrate, migrations } from "../../../src/storage/sqlite/migrations.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import type { RowId, Store } from "../../../src/storage/store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../support/bytes/counting.ts";
import { readPage } from "../../support/docs-snippets.ts";
import { documentsIn, Workshop } from "../../support/processes/data-folder.ts";

const first = "CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (1)";
const second = "UPDATE numbers SET number = number * 10; CREATE TABLE more (text TEXT)";
const failing = "UPDATE numbers SET number = 0; INSERT INTO nowhere VALUES (1)";

/** The number of migrations of the first version that stores the release that it needs. */
const required = 4;

describe("migrate", () => {
  let database: Database;
  beforeEach(() => {
    database = new Database(":memory:");
  });
  afterEach(() => database.close(true));

  const values = (sql: string) => database.query(sql).values().flat();
  const state = () => ({ version: values("PRAGMA user_version"), numbers: values("SELECT number FROM numbers") });

  test("brings a new database to the newest version", () => {
    migrate(database, [first, second]);
    expect(state()).toEqual({ version: [2], numbers: [10] });
  });

  test("runs only the migrations that a database has not had", () => {
    migrate(database, [first]);
    migrate(database, [first, second]);
    migrate(database, [first, second]);
    expect(state()).toEqual({ version: [2], numbers: [10] });
  });

  test("rolls back the migration that fails, and keeps those before it", () => {
    expect(() => migrate(database, [first, failing, second])).toThrow("nowhere");
    expect(state()).toEqual({ version: [1], numbers: [1] });
    migrate(database, [first, second]);
    expect(state()).toEqual({ version: [2], numbers: [10] });
  });

  test("refuses a newer database and does not change it", () => {
    migrate(database, [first, second]);
    expect(() => migrate(database, [failing])).toThrow(DatabaseIsNewer);
    expect(state()).toEqual({ version: [2], numbers: [10] });
  });

  test.each([
    [
      "the release that it needs",
      "CREATE TABLE required_release AS SELECT '12.0.3' AS version",
      "Start Yurt 12.0.3 or newer.",
    ],
    [
      "no release that is not a version",
      "CREATE TABLE required_release AS SELECT 'x' AS version",
      "Start a newer one.",
    ],
    ["no release when none is stored", "CREATE TABLE required_release (version TEXT)", "Start a newer one."],
    ["no release when it is stored elsewhere", "CREATE TABLE other (version TEXT)", "Start a newer one."],
  ])("names, for a newer database, %s", (_, stored, remedy) => {
    migrate(database, [first, stored]);
    expect(() => migrate(database, [first])).toThrow(
      `The database has version 2; this release of Yurt knows versions up to 1. ${remedy}`,
    );
  });

  test("stores the release that each migration is part of, which is not newer than this one", () => {
    for (const migration of migrations.slice(required))
      expect(migration.trim()).toStartWith("UPDATE required_release SET");
    migrate(database, migrations);
    const [stored] = values("SELECT version FROM required_release");
    expect(stored).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Bun.semver.order(String(stored), packageVersion)).toBeLessThanOrEqual(0);
  });

  test("runs the migrations of the store on a new database", () => {
    migrate(database, migrations);
    expect(values("PRAGMA user_version")).toEqual([migrations.length]);
  });

  test("makes the tables and columns that docs/data.md describes", () => {
    migrate(database, migrations);
    const columns = database
      .query("SELECT t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c WHERE t.type = 'table'")
      .values()
      .map(([table, column]) => `${table}.${column}`);
    const [, section = ""] = /^\| table \| column \|.*?\n(.*?)\n\n/ms.exec(readPage("docs/data.md")) ?? [];
    let table = "";
    const described = Array.from(section.matchAll(/^\| (?:`(\w+)`)? ?\| `(\w+)` \|/gm), ([, first, column]) => {
      table = first ?? table;
      return `${table}.${column}`;
    });
    expect(described).toEqual(columns);
  });
});

/** The schemas of earlier releases as they were: not to be changed with the migrations. */
const formerSchemas = [
  `
  CREATE TABLE documents (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    base INTEGER -- the row in updates that the last compaction left
  ) STRICT;

  CREATE TABLE updates (
    document INTEGER NOT NULL,
    id INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (document, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE row_ids (reserved INTEGER NOT NULL) STRICT;
  INSERT INTO row_ids VALUES (1);
  `,
  `
  ALTER TABLE documents ADD COLUMN summary BLOB; -- facts about the base, readable without decoding it

  -- Updates that no Yjs document can apply. They are kept, but not served.
  CREATE TABLE quarantined (
    document INTEGER NOT NULL,
    id INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (document, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE documents ADD COLUMN folded INTEGER NOT NULL DEFAULT 0; -- updates up to this id are not in the journal

  -- One record for each append, with updates of several documents that are not in the table updates yet.
  CREATE TABLE journal (
    id INTEGER PRIMARY KEY, -- the id of its first update
    data BLOB NOT NULL
  ) STRICT;
  `,
];

/** Writes a database with a compacted document, one with a tail, and one that was both, as a release wrote it. */
function writeFormer(file: string, version: number): void {
  const database = new Database(file, { create: true });
  database.run("PRAGMA journal_mode = WAL");
  for (const schema of formerSchemas.slice(0, version)) database.run(schema);
  database.run(`PRAGMA user_version = ${version}`);
  database.run("UPDATE row_ids SET reserved = 1000012");
  database.run("INSERT INTO documents (id, name, base) VALUES (1, 'compacted', 5), (2, 'tail', NULL), (3, 'both', 8)");
  const insert = (document: number, id: RowId, numbers: readonly number[]) =>
    database.run("INSERT INTO updates VALUES (?, ?, ?)", [document, id, updateOf(numbers)]);
  insert(1, 5, [1, 2]);
  for (const id of [3, 4, 7]) insert(2, id, [id]);
  insert(3, 8, [1, 2, 3]);
  for (const id of [6, 11]) insert(3, id, [id]);
  if (version > 1) {
    database.run("UPDATE documents SET summary = x'01' WHERE base IS NOT NULL");
    database.run("INSERT INTO quarantined VALUES (3, 2, ?)", [updateOf([9])]);
  }
  database.close(true);
}

describe.each([1, 2, 3])("a database with the schema of version %d", (version) => {
  let workshop: Workshop;
  let file: string;
  beforeEach(() => {
    workshop = new Workshop();
    file = workshop.file("yurt.db");
    writeFormer(file, version);
  });
  afterEach(() => workshop[Symbol.dispose]());

  const expectAll = async (store: Store) => {
    expect(numbersIn(await store.load("compacted"))).toEqual([1, 2]);
    expect(numbersIn(await store.load("tail"))).toEqual([3, 4, 7]);
    const both = await store.load("both");
    expect([numbersIn(both), rowsOf(both)]).toEqual([
      [1, 2, 3, 6, 11],
      [8, 6, 11],
    ]);
    expect(both?.base?.summary).toEqual(version > 1 ? Uint8Array.of(1) : undefined);
    expect(both?.quarantined).toEqual(version > 1 ? [{ row: 2, update: updateOf([9]) }] : []);
  };

  test("is migrated with everything in it, and continues", async () => {
    const store = openSqliteStore({ file, metrics: createMetrics() });
    await expectAll(store);
    const [row] = await store.append([{ document: "both", update: updateOf([12]) }]);
    expect(row).toBe(1_000_012);
    expect(numbersIn(await store.load("both"))).toEqual([1, 2, 3, 6, 11, 12]);
    // Rows of the former release and of the journal.
    await store.compact("tail", compaction([3, 4, 7], updateOf([3, 4, 7])));
    await store.compact("both", compaction([8, 6, 11, 1_000_012], updateOf([1, 2, 3, 6, 11, 12])));
    expect(await store.list({ limit: 10 })).toMatchObject([
      { name: "both", bytes: 24, rows: 1, tailRows: 0, sequence: 1_000_012, updatedAt: expect.any(Number) },
      { name: "compacted", bytes: 8, rows: 1, tailRows: 0, sequence: 5, createdAt: undefined, updatedAt: undefined },
      { name: "tail", bytes: 12, rows: 1, tailRows: 0, sequence: 7, updatedAt: undefined, deletedAt: undefined },
    ]);
    await store.close();
    expect(Object.keys(await documentsIn(file))).toEqual(["both", "compacted", "tail"]);
  });

  test("can be backed up before it is migrated, and the copy is migrated when it is opened", async () => {
    const target = workshop.file("copy.db");
    const seen: RowId[] = [];
    const examine = (updates: Iterable<{ readonly row: RowId }>) => {
      seen.push(...Array.from(updates, ({ row }) => row));
      return 0;
    };
    expect(backUpDatabase({ file, target, examine }).documents).toBe(3);
    expect(seen).toEqual([5, 3, 4, 7, 6, 8, 11]);
    const store = openSqliteStore({ file: target, metrics: createMetrics() });
    await expectAll(store);
    await store.close();
  });
});
