import { afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import * as Y from "yjs";
import { writeHocuspocusFile } from "../../support/bytes/hocuspocus-sqlite.ts";
import { leaveAsKilled, manyTables, storeUpdates, withYLeveldb } from "../../support/bytes/y-leveldb.ts";
import { TestClients } from "../../support/clients/providers.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { eventually } from "../../support/eventually.ts";
import { Workshop } from "../../support/processes/data-folder.ts";
import { ensureExecutable, Run, run } from "../../support/processes/executable.ts";

setDefaultTimeout(60_000);

let workshop: Workshop;

beforeAll(() => ensureExecutable());

beforeEach(() => {
  workshop = new Workshop();
});

afterEach(() => workshop[Symbol.dispose]());

const yurt = (...args: readonly string[]) => run({ folder: workshop.path, args });

const typed = (words: string) =>
  updatesOf((doc) => {
    for (const character of words) doc.getText("text").insert(doc.getText("text").length, character);
  });

/** Checks each document's text with a y-websocket client, on a server with the imported data folder. */
async function expectTexts(texts: Readonly<Record<string, string>>): Promise<void> {
  await using server = new Run({ folder: workshop.path, args: ["--port", "0"] });
  await using clients = new TestClients();
  const url = `ws://127.0.0.1:${await server.port()}`;
  for (const [name, expected] of Object.entries(texts)) {
    const { text } = clients.connect(url, name);
    await eventually(`${name} is there`, () => text.toString() === expected);
  }
}

describe("yurt documents import", () => {
  test("moves the documents of Hocuspocus into a new data folder", async () => {
    writeHocuspocusFile(workshop.file("hocuspocus.sqlite"), {
      notes: Y.mergeUpdates(typed("hello")),
      日本語: Y.mergeUpdates(typed("こんにちは")),
    });
    const args = ["documents", "import", "--from", "hocuspocus-sqlite", "hocuspocus.sqlite"];
    expect(await yurt(...args, "--dry-run")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\tnew\tnotes\n/),
    });
    expect(existsSync(workshop.file("yurt-data"))).toBe(false);
    expect(await yurt(...args)).toMatchObject({ code: 0, stderr: "" });
    expect(await yurt(...args)).toMatchObject({ code: 0, stdout: "1\t0\tknown\tnotes\n1\t0\tknown\t日本語\n" });
    await expectTexts({ notes: "hello", 日本語: "こんにちは" });
  });

  test("moves the documents of y-websocket's server, under the names that its clients use", async () => {
    const names = ["notes", "café menu", "a/b", ...Array.from({ length: 20 }, (_, index) => `long ${index}`)];
    const texts = Object.fromEntries(names.map((name) => [name, `${name} `.repeat(20)]));
    await withYLeveldb(
      workshop.file("leveldb"),
      async (persistence) => {
        // y-websocket's server takes the name from the URL, still percent-encoded.
        for (const [name, text] of Object.entries(texts)) await storeUpdates(persistence, encodeURI(name), typed(text));
        await persistence.flushDocument("notes");
      },
      manyTables,
    );
    expect(await yurt("documents", "import", "--from", "y-leveldb", "leveldb")).toMatchObject({ code: 0, stderr: "" });
    expect((await yurt("documents", "list")).stdout.split("\n")).toHaveLength(names.length + 1);
    await expectTexts({
      notes: texts["notes"] ?? "",
      "café menu": texts["café menu"] ?? "",
      "a/b": texts["a/b"] ?? "",
    });
  });

  test("imports the documents of a killed server and merges them with the existing ones", async () => {
    await leaveAsKilled(workshop.file("leveldb"), (persistence) => storeUpdates(persistence, "notes", typed("there")));
    const imported = () => yurt("documents", "import", "--from", "y-leveldb", "leveldb", "--json");
    expect(JSON.parse((await imported()).stdout)).toMatchObject({ updates: 5, outcome: "new", name: "notes" });
    await expectTexts({ notes: "there" });
    expect(JSON.parse((await imported()).stdout)).toMatchObject({ updates: 5, bytes: 0, outcome: "known" });
  });
});
