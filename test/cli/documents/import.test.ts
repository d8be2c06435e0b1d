import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openDataFolder } from "../../../src/storage/data-folder.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { openHocuspocusDatabase, storeDocument, writeHocuspocusFile } from "../../support/bytes/hocuspocus-sqlite.ts";
import { bringing, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import {
  compactLevels,
  filesOf,
  manyTables,
  putValue,
  storeUpdates,
  textOf,
  withYLeveldb,
} from "../../support/bytes/y-leveldb.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { contentsOf, documentsIn, Workshop } from "../../support/processes/data-folder.ts";
import { type ProgramOptions, yurt } from "../../support/processes/run-program.ts";
import { tuple } from "../../support/tuple.ts";

let workshop: Workshop;
let data: string;
let source: string;

beforeEach(() => {
  workshop = new Workshop();
  data = workshop.file("data");
  source = workshop.file("source");
});

afterEach(() => workshop[Symbol.dispose]());

const importFrom = (format: string, args: readonly string[] = [], options?: ProgramOptions) =>
  yurt(["documents", "import", "--from", format, source, "--data", data, ...args], options);

const fromHocuspocus = (args?: readonly string[], options?: ProgramOptions) =>
  importFrom("hocuspocus-sqlite", args, options);

const typed = (words: string) => updatesOf((doc) => doc.getText("t").insert(0, words));
const state = (words: string) => Y.mergeUpdates(typed(words));

/** The text of each document in the data folder. */
async function texts(): Promise<Readonly<Record<string, string>>> {
  const documents = await documentsIn(join(data, "yurt.db"));
  return Object.fromEntries(
    Object.entries(documents).map(([name, updates]) => [
      name,
      textOf(updates.map((update) => Uint8Array.from(update))),
    ]),
  );
}

const said = (...lines: readonly string[]) => lines.map((line) => `yurt: ${line}\n`).join("");
const broken = Uint8Array.of(1, 2, 3);

describe("yurt documents import", () => {
  test("creates a data folder, stores every document, and reports each", async () => {
    writeHocuspocusFile(source, { notes: state("hello"), 日本語: state("こんにちは"), "a b": bringing(1, 0, 5) });
    const { code, out, err } = await fromHocuspocus();
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^1\t\d+\tnew\tnotes\n1\t\d+\tnew\t日本語\n1\t11\tnew\ta b\n$/);
    expect(await texts()).toEqual({ notes: "hello", 日本語: "こんにちは", "a b": "" });
    expect(readdirSync(data).sort()).toEqual(["lock", "yurt.db"]);
    openDataFolder(data).release();
  });

  test("keeps the state of a document before it gets more, as a version", async () => {
    const versions = async () => {
      const store = openSqliteStore({ file: join(data, "yurt.db"), metrics: createMetrics() });
      try {
        return await store.history.versions("notes", { limit: 10 });
      } finally {
        await store.close();
      }
    };
    const bring = async (words: string, args: readonly string[] = []) => {
      rmSync(source, { force: true });
      writeHocuspocusFile(source, { notes: state(words) });
      expect((await fromHocuspocus(args)).code).toBe(0);
    };
    await bring("first");
    await bring("second", ["--history-keep", "0"]);
    expect(await versions()).toEqual([]);
    await bring("third");
    const kept = await versions();
    expect(kept).toMatchObject([{ number: 0, name: undefined, createdBy: undefined }]);
    const { notes = "" } = await texts();
    expect(notes).toHaveLength("firstsecondthird".length);
    const order = ["notes", "--at", `v${kept[0]?.sequence}.0`, "--data", data];
    expect((await yurt(["documents", "restore", ...order])).code).toBe(0);
    expect((await texts())["notes"]).toHaveLength("firstsecond".length);
  });

  test("measures documents with the limits of the server, and keeps the deleted content that it keeps", async () => {
    const [inserted, deleted] = tuple(
      2,
      updatesOf((doc) => {
        doc.getText("t").insert(0, "deleted words");
        doc.getText("t").delete(0, 8);
      }),
    );
    writeHocuspocusFile(source, { notes: state("x".repeat(500)), kept: Y.mergeUpdates([inserted, deleted]) });
    const { code, err } = await fromHocuspocus(["--limits-document-bytes", "300", "--sync-no-gc", "kept"]);
    expect([code, err]).toEqual([1, expect.stringContaining("notes is not imported: document too large")]);
    const { kept = [] } = await documentsIn(join(data, "yurt.db"));
    expect(Buffer.from(kept.flat()).includes("deleted")).toBe(true);
  });

  test("takes a folder of y-leveldb, tables and log, with the names that URLs mean", async () => {
    const names = Array.from({ length: 25 }, (_, index) => `caf%C3%A9 ${index}`);
    await withYLeveldb(
      source,
      async (persistence) => {
        for (const name of names) await storeUpdates(persistence, name, updatesOf(typeSlowly(name)));
        await persistence.flushDocument("caf%C3%A9 3");
        await persistence.clearDocument("caf%C3%A9 4");
        await persistence.setMeta("caf%C3%A9 5", "author", "Ada");
      },
      manyTables,
    );
    await compactLevels(source);
    expect(filesOf(source, ".ldb").length).toBeGreaterThan(0);
    const { code, out, err } = await importFrom("y-leveldb");
    expect([code, err]).toEqual([0, said("Values that were set with setMeta are not imported.")]);
    expect(out).toMatch(/^1\t\d+\tnew\tcafé 3$/m);
    expect(out).toMatch(/^12\t\d+\tnew\tcafé 5$/m);
    const found = await texts();
    expect(Object.keys(found)).toHaveLength(24);
    for (const [index, name] of names.entries()) {
      expect(found[`café ${index}`]).toBe(index === 4 ? undefined : name.repeat(200));
    }
  });

  test("adds nothing when it is run again, and only what is new later", async () => {
    writeHocuspocusFile(source, { a: state("one"), b: state("two") });
    await fromHocuspocus();
    const before = await documentsIn(join(data, "yurt.db"));
    expect(await fromHocuspocus()).toEqual({ code: 0, out: "1\t0\tknown\ta\n1\t0\tknown\tb\n", err: "" });
    expect(await documentsIn(join(data, "yurt.db"))).toEqual(before);
    const database = openHocuspocusDatabase(source);
    storeDocument(
      database,
      "b",
      Y.mergeUpdates([...(before["b"] ?? []).map((bytes) => Uint8Array.from(bytes)), state(" three")]),
    );
    storeDocument(database, "c", state("four"));
    database.close(true);
    expect((await fromHocuspocus()).out).toMatch(/^1\t0\tknown\ta\n1\t\d+\tmerged\tb\n1\t\d+\tnew\tc\n$/);
    const { b, ...others } = await texts();
    expect(others).toEqual({ a: "one", c: "four" });
    expect([b].map((words) => words?.split("").sort().join(""))).toEqual([[..."two three"].sort().join("")]);
  });

  test("merges with what people have written here meanwhile", async () => {
    await workshop.fill("data", { notes: typed("here") });
    writeHocuspocusFile(source, { notes: state("there") });
    expect((await fromHocuspocus()).out).toMatch(/^1\t\d+\tmerged\tnotes\n$/);
    expect((await texts())["notes"]).toMatch(/^(herethere|therehere)$/);
  });

  test("takes over what other releases of Yjs have written in other ways", async () => {
    const ascending = updateBytes([
      { client: 1, clock: 0, structs: [text("a", { parent: "t" })] },
      { client: 2, clock: 0, structs: [text("b", { origin: [1, 0] })] },
    ]);
    writeHocuspocusFile(source, { old: ascending });
    expect((await fromHocuspocus()).code).toBe(0);
    expect(await texts()).toEqual({ old: "ab" });
  });

  test("stores more than is synced at once", async () => {
    const names = Array.from({ length: 350 }, (_, index) => `document ${String(index).padStart(3, "0")}`);
    writeHocuspocusFile(source, Object.fromEntries(names.map((name) => [name, state(name)])));
    const { code, out } = await fromHocuspocus();
    expect([code, out.split("\n").length]).toEqual([0, 351]);
    expect((await yurt(["documents", "list", "--data", data])).out.split("\n")).toHaveLength(351);
  });
});

describe("the report of yurt documents import", () => {
  beforeEach(() => writeHocuspocusFile(source, { notes: bringing(1, 0, 5), nothing: Uint8Array.of(0, 0) }));

  test("is one JSON object a line with --json", async () => {
    const { out } = await fromHocuspocus(["--json"], { isTTY: true });
    expect(out).toBe(
      '{"updates":1,"bytes":11,"outcome":"new","name":"notes"}\n{"updates":1,"bytes":0,"outcome":"empty","name":"nothing"}\n',
    );
  });

  test("is a table and a sum on a terminal", async () => {
    expect(await fromHocuspocus([], { isTTY: true })).toEqual({
      code: 0,
      out: `  UPDATES      ADDED    OUTCOME  NAME
        1       11 B        new  notes
        1        0 B      empty  nothing

1 new document, 0 merged with what was there, 0 known already, 1 empty.
`,
      err: "",
    });
  });

  test("may lose its reader, and everything is imported", async () => {
    const failure = () => Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    expect(await fromHocuspocus([], { isTTY: true, failure })).toEqual({ code: 0, out: "", err: "" });
    expect(Object.keys(await texts())).toEqual(["notes"]);
  });
});

describe("yurt documents import --dry-run", () => {
  test("reports the same, and creates no data folder", async () => {
    writeHocuspocusFile(source, { notes: state("hello"), broken });
    const dry = await fromHocuspocus(["--dry-run"]);
    expect(existsSync(data)).toBe(false);
    expect(await fromHocuspocus()).toEqual(dry);
    expect(dry.code).toBe(1);
  });

  test("compares with what is there, and changes nothing", async () => {
    writeHocuspocusFile(source, { a: state("one"), b: state("two") });
    await fromHocuspocus();
    const database = openHocuspocusDatabase(source);
    storeDocument(database, "b", state("else"));
    database.close(true);
    const before = contentsOf(data);
    const { code, out, err } = await fromHocuspocus(["--dry-run"], { isTTY: true });
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/known {2}a\n.* merged {2}b\n/);
    expect(out).toEndWith("\n0 new documents, 1 merged with what was there, 1 known already. Nothing was written.\n");
    expect(contentsOf(data)).toEqual(before);
  });
});

describe("yurt documents import names, and ends with 1,", () => {
  test("every document that it cannot take over, and takes over the others", async () => {
    writeHocuspocusFile(source, {
      broken,
      "a\nb": state("two lines"),
      notes: state("hello"),
      ["n".repeat(257)]: state("long"),
    });
    const { code, out, err } = await fromHocuspocus();
    expect(code).toBe(1);
    expect(out).toMatch(/^1\t\d+\tnew\tnotes\n$/);
    expect(err).toBe(
      said(
        "broken is not imported: not a Yjs update: cannot be decoded.",
        '"a\\nb" is not imported: the name contains a control character.',
        `${"n".repeat(257)} is not imported: the name is longer than 256 bytes (limits.name-bytes).`,
        "3 documents not imported, or not completely.",
      ),
    );
    expect(await texts()).toEqual({ notes: "hello" });
  });

  test("a document without bytes, and one without a name", async () => {
    const database = openHocuspocusDatabase(source);
    database.run("INSERT INTO documents (name, data) VALUES ('letter', 'Dear Ada'), ('', x'0000'), (x'00', x'0000')");
    storeDocument(database, "notes", state("hello"));
    database.close(true);
    const { code, err } = await fromHocuspocus();
    expect([code, err]).toEqual([
      1,
      said(
        "letter is not imported: it has no updates.",
        '"" is not imported: the name is empty.',
        `${source} holds rows without a name: 1.`,
        "2 documents not imported, or not completely.",
      ),
    ]);
    expect(await texts()).toEqual({ notes: "hello" });
  });

  test("a document of which single updates cannot be taken over", async () => {
    await withYLeveldb(source, async (persistence) => {
      await storeUpdates(persistence, "notes", typed("hello"));
      await putValue(persistence, ["v1", "notes", "update", 7], broken);
    });
    const { code, out, err } = await importFrom("y-leveldb");
    expect([code, out]).toEqual([1, expect.stringMatching(/^2\t\d+\tnew\tnotes\n$/)]);
    expect(err).toBe(
      said(
        "notes: of 2 updates 1 cannot be imported; the first: not a Yjs update: cannot be decoded.",
        "1 document not imported, or not completely.",
      ),
    );
    expect(await texts()).toEqual({ notes: "hello" });
  });

  test("the file of the source that is damaged, and keeps what came before it", async () => {
    await withYLeveldb(
      source,
      async (persistence) => {
        for (let index = 10; index < 60; index += 1) {
          const content = Buffer.from(
            Uint8Array.from({ length: 8_000 }, (_, at) => (at * index * 7_919) % 251),
          ).toString("base64");
          await storeUpdates(persistence, `document ${index}`, typed(content));
        }
      },
      { ...manyTables, compression: false },
    );
    await compactLevels(source);
    const tables = filesOf(source, ".ldb").toSorted();
    const table = join(source, tables.at(-1) ?? "");
    const bytes = readFileSync(table);
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 1;
    writeFileSync(table, bytes);
    const { code, out, err } = await importFrom("y-leveldb");
    expect(code).toBe(1);
    expect(err).toMatch(/^yurt: \S+\.ldb is damaged: checksum mismatch at byte \d+\.\n/);
    expect(err).toContain(table);
    const imported = out.split("\n").length - 1;
    expect(imported).toBeGreaterThan(0);
    expect(imported).toBeLessThan(50);
    expect(Object.keys(await texts())).toHaveLength(imported);
  });

  test("a document that is damaged where it is to go", async () => {
    await workshop.fill("data", { a: [broken], b: typed("here") });
    writeHocuspocusFile(source, { a: state("one"), b: state("two"), c: state("three") });
    const { code, out, err } = await fromHocuspocus();
    expect(code).toBe(1);
    expect(out).toMatch(/^1\t\d+\tmerged\tb\n1\t\d+\tnew\tc\n$/);
    expect(err).toMatch(/^yurt: a is not imported: the stored document is unreadable: row \d+ does not/);
  });
});

describe("yurt documents import makes no data folder, and says why, when the source", () => {
  const notOfHocuspocus = () =>
    `${source} is not a database of Hocuspocus' SQLite extension: it has no table documents with the columns name and data.`;

  test.each<[string, string, () => unknown, () => string]>([
    ["is not there", "hocuspocus-sqlite", () => undefined, () => `There is no file ${source}.`],
    ["is no folder", "y-leveldb", () => undefined, () => `There is no folder ${source}.`],
    [
      "is a letter",
      "hocuspocus-sqlite",
      () => writeFileSync(source, "Dear Ada"),
      () => `${source} is not an SQLite database.`,
    ],
    ["is a database of something else", "hocuspocus-sqlite", () => makeDatabase(), notOfHocuspocus],
    [
      "is a folder of something else",
      "y-leveldb",
      () => mkdirSync(source),
      () => `${source} is not a LevelDB folder: it has no file CURRENT.`,
    ],
  ])("%s", async (_, format, make, message) => {
    make();
    expect(await importFrom(format)).toEqual({ code: 1, out: "", err: said(message()) });
    expect(existsSync(data)).toBe(false);
  });

  function makeDatabase(): void {
    const database = new Database(source, { create: true });
    database.run("CREATE TABLE users (name, data)");
    database.close(true);
  }
});

describe("yurt documents import explains why it cannot use the data folder", () => {
  beforeEach(() => writeHocuspocusFile(source, { notes: state("hello") }));

  test.each([[[]], [["--dry-run"]]])("while a server has it (%p)", async (args) => {
    await workshop.fill("data", { notes: typed("here") });
    const folder = openDataFolder(data);
    const before = contentsOf(data);
    expect(await fromHocuspocus(args)).toEqual({
      code: 1,
      out: "",
      err: said(
        `The data folder ${data} is in use by process ${process.pid}. Stop that server, or choose another folder with --data.`,
      ),
    });
    expect(contentsOf(data)).toEqual(before);
    folder.release();
  });

  test("when its documents cannot be read", async () => {
    truncateSync(await workshop.fill("data", { notes: typed("here") }), 5_000);
    const { code, err } = await fromHocuspocus();
    expect(code).toBe(1);
    expect(err).toStartWith(`yurt: The documents in ${data} cannot be read: `);
  });

  test("when it is a file", async () => {
    writeFileSync(data, "a letter");
    expect((await fromHocuspocus()).err).toBe(
      said(`The data folder ${data} is not a folder. Choose another with --data.`),
    );
  });
});

function typeSlowly(name: string): (doc: Y.Doc) => void {
  return (doc) => {
    const words = doc.getText("t");
    for (let times = 0; times < 10; times += 1) words.insert(words.length, name.repeat(20));
    words.insert(0, "deleted");
    words.delete(0, 7);
  };
}
