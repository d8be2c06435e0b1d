import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Y from "yjs";
import type { DocumentSource } from "../../src/storage/source.ts";
import { textOf } from "../support/bytes/y-leveldb.ts";
import { Workshop } from "../support/processes/data-folder.ts";

/** A kind of source, and a function that writes one as its server does. */
export interface SourceUnderTest {
  readonly open: (path: string) => DocumentSource;
  /** Writes documents as the real server does, into a file or folder of this name. */
  readonly write: (path: string, documents: Readonly<Record<string, Uint8Array>>) => Promise<void>;
}

/** The contract of every source. */
export function describeSource(name: string, { open, write }: SourceUnderTest): void {
  describe(name, () => {
    let workshop: Workshop;
    let path: string;
    beforeEach(() => {
      workshop = new Workshop();
      path = workshop.file("source");
    });
    afterEach(() => workshop[Symbol.dispose]());

    const texts = (source: DocumentSource) =>
      Object.fromEntries(Array.from(source.documents(), (document) => [document.name, textOf(document.updates)]));

    test("returns every document, whatever its name", async () => {
      const names = ["notes", "café", "日本語/ノート", "👩‍👩‍👧", "a b", "z".repeat(300), "\ufeffmarked", "tab\there"];
      await write(path, Object.fromEntries(names.map((document) => [document, typed(`text of ${document}`)])));
      const source = open(path);
      expect(texts(source)).toEqual(Object.fromEntries(names.map((document) => [document, `text of ${document}`])));
      expect(source.remarks).toEqual([]);
    });

    test("may have no documents", async () => {
      await write(path, {});
      expect([...open(path).documents()]).toEqual([]);
    });

    test("skips updates that are not requested", async () => {
      await write(path, { a: typed("1"), b: typed("2"), c: typed("3") });
      expect(Array.from(open(path).documents(), (document) => document.name)).toEqual(["a", "b", "c"]);
    });

    test("can be left half-read, and opened again", async () => {
      await write(path, { a: typed("1"), b: typed("2") });
      for (const document of open(path).documents()) {
        expect(document.name).toBe("a");
        break;
      }
      expect(texts(open(path))).toEqual({ a: "1", b: "2" });
    });

    test("returns large documents completely", async () => {
      const long = "0123456789abcdef".repeat(100_000);
      await write(path, { long: typed(long), short: typed("short") });
      expect(texts(open(path))).toEqual({ long, short: "short" });
    });

    test("returns bytes that are not an update as they are", async () => {
      await write(path, { broken: Uint8Array.of(1, 2, 3) });
      expect(Array.from(open(path).documents(), ({ updates }) => [...updates])).toEqual([[Uint8Array.of(1, 2, 3)]]);
    });

    test("does not change a byte of its files", async () => {
      await write(path, { a: typed("1"), b: typed("2") });
      const before = filesIn(workshop.path);
      texts(open(path));
      expect(filesIn(workshop.path)).toEqual(before);
    });
  });
}

/** Every file under a folder, with its bytes. */
function filesIn(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((file) => [file, readFileSync(file, "base64")]));
}

function typed(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText("t").insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}
