import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { openHocuspocusSqlite } from "../../../src/storage/import/hocuspocus-sqlite.ts";
import { SourceError } from "../../../src/storage/source.ts";
import { describeSource } from "../../contract/source.ts";
import { openHocuspocusDatabase, storeDocument, writeHocuspocusFile } from "../../support/bytes/hocuspocus-sqlite.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";
import { contentsOf, Workshop } from "../../support/processes/data-folder.ts";

const updateBytes = 4_000_000;
const open = (path: string) => openHocuspocusSqlite(path, { updateBytes });
const write = async (path: string, documents: Readonly<Record<string, Uint8Array>>) =>
  writeHocuspocusFile(path, documents);

describeSource("a file of Hocuspocus' SQLite extension", { open, write });

describeSource("a file of Hocuspocus' SQLite extension in WAL mode", {
  open,
  write: async (path, documents) => {
    await write(path, documents);
    const database = new Database(path);
    database.run("PRAGMA journal_mode = WAL");
    database.close(true);
  },
});

let workshop: Workshop;
let file: string;

beforeEach(() => {
  workshop = new Workshop();
  file = workshop.file("hocuspocus.sqlite");
});

afterEach(() => workshop[Symbol.dispose]());

const read = (path = file) =>
  Object.fromEntries(Array.from(open(path).documents(), ({ name, updates }) => [name, [...updates]]));

const one = bringing(1, 0, 5);
const two = bringing(2, 0, 7);

describe("a server that still runs", () => {
  test.each(["DELETE", "WAL"])("in %s mode has its stored documents read, and can continue to write", (mode) => {
    const database = openHocuspocusDatabase(file);
    database.run(`PRAGMA journal_mode = ${mode}`);
    storeDocument(database, "a", one);
    storeDocument(database, "b", one);
    storeDocument(database, "c", one);
    const names: string[] = [];
    for (const { name } of open(file).documents()) {
      names.push(name);
      if (name === "a") storeDocument(database, "b", two);
    }
    expect(names).toEqual(["a", "b", "c"]);
    expect(read()).toEqual({ a: [one], b: [two], c: [one] });
    database.close(true);
    expect(read()).toEqual({ a: [one], b: [two], c: [one] });
  });

  test("and was killed has its -wal read, and no file changed", () => {
    const database = openHocuspocusDatabase(file);
    database.run("PRAGMA journal_mode = WAL");
    database.run("PRAGMA wal_autocheckpoint = 0");
    storeDocument(database, "a", one);
    mkdirSync(workshop.file("killed"));
    const copy = workshop.file("killed", "hocuspocus.sqlite");
    for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, copy + suffix);
    database.close(true);
    const before = contentsOf(workshop.file("killed"));
    expect(Object.keys(before)).toEqual(["hocuspocus.sqlite", "hocuspocus.sqlite-wal"]);
    expect(read(copy)).toEqual({ a: [one] });
    expect(contentsOf(workshop.file("killed"))).toEqual(before);
  });
});

test("a file with an incomplete transaction is refused until its server has rolled it back", () => {
  writeHocuspocusFile(file, Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`d${index}`, one])));
  const database = new Database(file);
  // Everything goes to the disk at once.
  database.run("PRAGMA cache_size = 1");
  database.run("BEGIN");
  database.run("UPDATE documents SET data = zeroblob(5000)");
  const killed = workshop.file("killed.sqlite");
  for (const suffix of ["", "-journal"]) copyFileSync(file + suffix, killed + suffix);
  database.close();
  expect(() => read(killed)).toThrow(
    new SourceError(`${killed} was left in the middle of a change. Start and stop its server to roll the change back.`),
  );
});

describe("rows", () => {
  test("are read in row order, also when there are many", () => {
    const names = Array.from({ length: 2_500 }, (_, index) => `document ${index}`);
    writeHocuspocusFile(file, Object.fromEntries(names.map((name) => [name, one])));
    expect(Object.keys(read())).toEqual(names);
  });

  test("with a negative row id are read too", () => {
    const database = openHocuspocusDatabase(file);
    database.run("INSERT INTO documents (rowid, name, data) VALUES (-5, 'a', x'0000')");
    database.close(true);
    expect(read()).toEqual({ a: [Uint8Array.of(0, 0)] });
  });

  test("without bytes have no updates", () => {
    const database = openHocuspocusDatabase(file);
    database.run("INSERT INTO documents (name, data) VALUES ('text', 'a letter'), ('number', 5)");
    database.close(true);
    expect(read()).toEqual({ text: [], number: [] });
  });

  test("without a name are reported after all others", () => {
    const database = openHocuspocusDatabase(file);
    database.run("INSERT INTO documents (name, data) VALUES (x'61', x'0000')");
    storeDocument(database, "a", one);
    database.close(true);
    const given: string[] = [];
    const readAll = () => {
      for (const { name } of open(file).documents()) given.push(name);
    };
    expect(readAll).toThrow(new SourceError(`${file} holds rows without a name: 1.`));
    expect(given).toEqual(["a"]);
  });

  test("with an update beyond the limit have only its size read, and the name of any length is cut", () => {
    const database = openHocuspocusDatabase(file);
    database.run(`INSERT INTO documents (name, data) VALUES ('large', zeroblob(${updateBytes + 1})), (?, x'0000')`, [
      "z".repeat(100_000),
    ]);
    database.close(true);
    expect(read()).toEqual({ large: [{ bytes: updateBytes + 1 }], ["z".repeat(4_096)]: [Uint8Array.of(0, 0)] });
  });

  test("with NUL in the name keep it", () => {
    const database = openHocuspocusDatabase(file);
    database.run("INSERT INTO documents (name, data) VALUES (?, x'0000')", ["a\0b"]);
    database.close(true);
    expect(Object.keys(read())).toEqual(["a\0b"]);
  });

  test("with a row id beyond 2⁵³ are refused", () => {
    const database = openHocuspocusDatabase(file);
    database.run("INSERT INTO documents (rowid, name, data) VALUES (9223372036854775807, 'a', x'0000')");
    database.close(true);
    expect(() => read()).toThrow(new SourceError(`${file} has row ids beyond 2⁵³.`));
  });
});

describe("refused is", () => {
  const notOurs =
    "is not a database of Hocuspocus' SQLite extension: it has no table documents with the columns name and data.";
  const computed = "computes its documents: documents is not a table of stored values.";

  test.each<[string, () => unknown, string]>([
    ["what is not there", () => undefined, "There is no file FILE."],
    [
      "a folder",
      () => mkdirSync(file),
      "FILE is a folder. Name the file that the SQLite extension is configured with.",
    ],
    ["an empty file", () => writeFileSync(file, ""), "FILE is not an SQLite database."],
    ["a letter", () => writeFileSync(file, "Dear Ada,\n".repeat(500)), "FILE is not an SQLite database."],
    ["a database of something else", () => makeTable("CREATE TABLE users (name, data)"), `FILE ${notOurs}`],
    ["one that lacks a column", () => makeTable("CREATE TABLE documents (name, update_ blob)"), `FILE ${notOurs}`],
    ["one without rows that have a number", () => makeTable(withoutRowid), `FILE ${notOurs}`],
    [
      "a device without an end",
      () => symlinkSync("/dev/zero", file),
      "FILE cannot be read: it is not an ordinary file.",
    ],
    ["a pipe", () => makePipe(), "FILE cannot be read: it is not an ordinary file."],
    ["a view without an end", () => makeTable(endlessView), `FILE ${computed}`],
    ["a table with a generated value", () => makeTable(generated), `FILE ${computed}`],
    ["one that lost its end", () => cut(), "FILE cannot be read: database disk image is malformed."],
  ])("%s", (_, make, message) => {
    make();
    expect(() => read()).toThrow(new SourceError(message.replace("FILE", file)));
  });

  const endlessView = `CREATE VIEW documents AS WITH RECURSIVE n (rowid) AS (SELECT 1 UNION ALL SELECT rowid + 1 FROM n)
    SELECT rowid, 'a' AS name, x'0000' AS data FROM n`;
  const generated = "CREATE TABLE documents (name TEXT, data AS (zeroblob(900000000)))";

  function makePipe(): void {
    expect(Bun.spawnSync(["mkfifo", file]).exitCode).toBe(0);
  }

  test("a database of Yurt", async () => {
    const yurt = await workshop.fill("data", { notes: [one] });
    expect(() => read(yurt)).toThrow(new SourceError(`${yurt} ${notOurs}`));
  });

  const withoutRowid = "CREATE TABLE documents (name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID";

  function makeTable(sql: string): void {
    const database = new Database(file, { create: true });
    database.run(sql);
    database.close(true);
  }

  function cut(): void {
    writeHocuspocusFile(file, { a: new Uint8Array(20_000).fill(7) });
    truncateSync(file, readFileSync(file).length - 8_192);
  }
});
