import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import { openYLeveldb } from "../../../src/storage/import/y-leveldb.ts";
import { SourceError } from "../../../src/storage/source.ts";
import { describeSource } from "../../contract/source.ts";
import {
  compactLevels,
  filesOf,
  leaveAsKilled,
  manyTables,
  putValue,
  storeUpdates,
  textOf,
  withYLeveldb,
} from "../../support/bytes/y-leveldb.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { Workshop } from "../../support/processes/data-folder.ts";

describeSource("a folder of y-leveldb", {
  open: openYLeveldb,
  write: (path, documents) =>
    withYLeveldb(path, async (persistence) => {
      for (const [name, update] of Object.entries(documents)) {
        await putValue(persistence, ["v1", name, "update", 0], update);
      }
    }),
});

let workshop: Workshop;
let folder: string;

beforeEach(() => {
  workshop = new Workshop();
  folder = workshop.file("leveldb");
});

afterEach(() => workshop[Symbol.dispose]());

/** Returns the updates of typing a text, character by character, and deleting the first character. */
const typing = (text: string) =>
  updatesOf((doc) => {
    for (const character of text) doc.getText("t").insert(doc.getText("t").length, character);
    doc.getText("t").delete(0, 1);
  });

function read(): Readonly<Record<string, { readonly count: number; readonly text: string }>> {
  const documents = Array.from(openYLeveldb(folder).documents(), ({ name, updates }) => {
    const all = [...updates];
    return [name, { count: all.length, text: textOf(all) }] as const;
  });
  return Object.fromEntries(documents);
}

describe("documents of y-leveldb", () => {
  test("consist of all their updates, or of a flushed update and those after it", async () => {
    await withYLeveldb(folder, async (persistence) => {
      await storeUpdates(persistence, "typed", typing("-typed"));
      await storeUpdates(persistence, "flushed", typing("-flushed"));
      await persistence.flushDocument("flushed");
      const doc = await persistence.getYDoc("flushed");
      const later = updatesOf((copy) => {
        Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
        copy.getText("t").insert(0, "later ");
      });
      await storeUpdates(persistence, "flushed", later.slice(-1));
    });
    expect(read()).toEqual({
      typed: { count: 7, text: "typed" },
      flushed: { count: 2, text: "later flushed" },
    });
  });

  test("are read from tables of many compressed blocks and the log together", async () => {
    const texts: Record<string, string> = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [`document ${index}`, `-${index}`.repeat(60)]),
    );
    await withYLeveldb(
      folder,
      async (persistence) => {
        for (const [name, text] of Object.entries(texts)) await storeUpdates(persistence, name, typing(text));
        for (let index = 0; index < 30; index += 3) await persistence.flushDocument(`document ${index}`);
      },
      manyTables,
    );
    await compactLevels(folder);
    texts["in the log"] = "-log";
    await withYLeveldb(folder, (persistence) => storeUpdates(persistence, "in the log", typing("-log")));
    const tableBytes = filesOf(folder, ".ldb").map((name) => statSync(join(folder, name)).size);
    expect(Math.max(...tableBytes)).toBeGreaterThan(10 * manyTables.blockSize);
    const found = read();
    expect(Object.keys(found).sort()).toEqual(Object.keys(texts).sort());
    for (const [name, text] of Object.entries(texts)) expect(found[name]?.text).toBe(text.slice(1));
  });

  test("are read after the server was killed", async () => {
    await leaveAsKilled(folder, (persistence) => storeUpdates(persistence, "notes", typing("-killed")));
    expect(filesOf(folder, ".ldb")).toEqual([]);
    expect(read()).toEqual({ notes: { count: 8, text: "killed" } });
  });

  test("are not read after they were deleted", async () => {
    await withYLeveldb(folder, async (persistence) => {
      await storeUpdates(persistence, "kept", typing("-kept"));
      await storeUpdates(persistence, "gone", typing("-gone"));
      await persistence.clearDocument("gone");
    });
    expect(Object.keys(read())).toEqual(["kept"]);
  });

  test("are imported without the values of setMeta, which a remark reports", async () => {
    await withYLeveldb(folder, async (persistence) => {
      await storeUpdates(persistence, "notes", typing("-notes"));
      await persistence.setMeta("notes", "author", "Ada");
      await persistence.setMeta("zzz", "author", "Bob");
    });
    const source = openYLeveldb(folder);
    expect(Array.from(source.documents(), ({ name }) => name)).toEqual(["notes"]);
    expect(source.remarks).toEqual(["Values that were set with setMeta are not imported."]);
  });

  test("have the decoded names of the URLs of their clients", async () => {
    await withYLeveldb(folder, async (persistence) => {
      for (const name of ["my%20notes", "caf%C3%A9", "100%", "%ff"])
        await storeUpdates(persistence, name, typing("-x"));
    });
    expect(Object.keys(read()).sort()).toEqual(["%ff", "100%", "café", "my notes"]);
  });

  test("keep their stored name when two would decode to one name", async () => {
    await withYLeveldb(folder, async (persistence) => {
      for (const name of ["a/b", "a%2Fb", "a%252Fb"]) await storeUpdates(persistence, name, typing(`-${name}`));
    });
    const source = openYLeveldb(folder);
    const texts = Array.from(source.documents(), ({ name, updates }) => [name, textOf(updates)]);
    expect(texts).toEqual([
      ["a/b", "a/b"],
      ["a%2Fb", "a%2Fb"],
      ["a%252Fb", "a%252Fb"],
    ]);
    expect(source.remarks).toEqual([
      "a%2Fb keeps that name, because there is another document a/b.",
      "a%252Fb keeps that name, because there is another document a%2Fb.",
    ]);
  });

  test("are all returned before an error reports foreign entries", async () => {
    await withYLeveldb(folder, async (persistence) => {
      await storeUpdates(persistence, "notes", typing("-notes"));
      await putValue(persistence, ["mine", "key"], Uint8Array.of(1));
      await putValue(persistence, ["a", 5], Uint8Array.of(1));
    });
    const given: string[] = [];
    const read = () => {
      for (const { name } of openYLeveldb(folder).documents()) given.push(name);
    };
    expect(read).toThrow(new SourceError(`${folder} holds entries that y-leveldb does not write: 2.`));
    expect(given).toEqual(["notes"]);
  });
});
