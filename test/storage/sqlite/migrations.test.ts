import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { DatabaseIsNewer, migrate, migrations } from "../../../src/storage/sqlite/migrations.ts";
import { readPage } from "../../support/docs-snippets.ts";

const first = "CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (1)";
const second = "UPDATE numbers SET number = number * 10; CREATE TABLE more (text TEXT)";
const failing = "UPDATE numbers SET number = 0; INSERT INTO nowhere VALUES (1)";

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
