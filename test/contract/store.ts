import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type RowId, type Store, type StoredUpdate, StoreError } from "../../src/storage/store.ts";
import { rowsOf } from "../support/bytes/counting.ts";
import { Random } from "../support/bytes/random.ts";

/** The contract of every store. `open` returns a new, empty one. */
export function describeStore(name: string, open: () => Store | Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    /** Appends one update for each byte, in one batch. */
    const append = (document: string, ...bytes: readonly number[]) =>
      store.append(bytes.map((byte) => ({ document, update: Uint8Array.of(byte) })));
    const compact = (document: string, rows: readonly RowId[], base: Uint8Array) =>
      store.compact(document, { base, summary: Uint8Array.of(), rows, quarantined: [] });
    const load = async (document: string) => summarize(await store.load(document));
    const names = async (page: Parameters<Store["list"]>[0]) =>
      (await store.list(page)).map((document) => document.name);
    const infoOf = async (document: string) => {
      const info = await store.info(document);
      if (info === undefined) throw new Error(`there is no document ${document}`);
      return info;
    };

    describe("load and append", () => {
      test("a document that was never appended to is undefined", async () => {
        await append("other", 1);
        expect(await store.load("document")).toBeUndefined();
      });

      test("the tail is in the order of the commits, whatever is appended to other documents in between", async () => {
        const first = await append("document", 3, 1);
        await append("other", 9);
        const second = await append("document", 2);
        expect(await load("document")).toEqual({ base: undefined, tail: [[3], [1], [2]] });
        const tail = (await store.load("document"))?.tail ?? [];
        expect(tail.map(({ row }) => row)).toEqual([...first, ...second]);
      });

      test("a batch of several documents gets its rows in its own order", async () => {
        const rows = await store.append([
          { document: "b", update: Uint8Array.of(1) },
          { document: "a", update: Uint8Array.of(2) },
          { document: "b", update: Uint8Array.of(3) },
        ]);
        const [b, a] = [await store.load("b"), await store.load("a")];
        expect(b?.tail).toEqual([stored(rows[0], 1), stored(rows[2], 3)]);
        expect(a?.tail).toEqual([stored(rows[1], 2)]);
      });

      test("an empty batch changes nothing", async () => {
        expect(await store.append([])).toEqual([]);
        expect(await store.list({ limit: 10 })).toEqual([]);
      });

      test("calls take effect in the order in which they were made, without waiting for each other", async () => {
        // A load may have what is appended after its call.
        const results = await Promise.all([
          append("document", 1),
          load("document"),
          append("document", 2),
          load("document"),
          store.purge("document"),
          load("document"),
          append("document", 3),
          load("document"),
        ]);
        expect(results[1]?.tail).toBeOneOf([[[1]], [[1], [2]]]);
        expect(results[3]?.tail).toEqual([[1], [2]]);
        expect(results[5]?.tail).toBeOneOf([undefined, [[3]]]);
        expect(results[7]?.tail).toEqual([[3]]);
      });

      test("stored updates do not change when the caller reuses its bytes", async () => {
        const buffer = Buffer.from([0, 1, 2, 3]);
        await store.append([{ document: "document", update: buffer.subarray(1, 3) }]);
        buffer.fill(9);
        const loaded = await store.load("document");
        loaded?.tail[0]?.update.fill(8);
        expect(await load("document")).toEqual({ base: undefined, tail: [[1, 2]] });
      });

      test("an update of 20 MB is returned byte for byte", async () => {
        const update = new Uint8Array(20_000_000).map((_, index) => index * 31);
        await store.append([{ document: "document", update }]);
        const loaded = (await store.load("document"))?.tail[0]?.update ?? new Uint8Array();
        expect(Buffer.compare(loaded, update)).toBe(0);
      });
    });

    test("names that differ in any character are different documents", async () => {
      const different = [
        ..."aAáàａ",
        ...["", " ", "a ", " a", "a/b", "a/b/", "a%2Fb", "\u00e9", "e\u0301", "\u{1f98c}", "\uffff", "\u{10ffff}"],
        ...[
          "__proto__",
          "constructor",
          "toString",
          "null",
          "0",
          "00",
          "'; DROP TABLE documents; --",
          "?",
          "x".repeat(256),
        ],
      ];
      await store.append(different.map((document, index) => ({ document, update: Uint8Array.of(index) })));
      expect(await Promise.all(different.map(load))).toEqual(
        different.map((_, index) => ({ base: undefined, tail: [[index]] })),
      );
      expect((await names({ limit: 100 })).toSorted()).toEqual(different.toSorted());
    });

    describe("durable", () => {
      test("resolves, whether there is anything to make durable or not", async () => {
        await store.durable();
        await append("document", 1);
        await store.durable();
        await compact("document", rowsOf(await store.load("document")), Uint8Array.of(2));
        await store.durable();
        expect(await load("document")).toEqual({ base: [2], tail: [] });
      });

      test("does not hold up later calls", async () => {
        await append("document", 1);
        const [, rows] = await Promise.all([store.durable(), append("document", 2)]);
        expect((await store.load("document"))?.tail.at(-1)?.row).toBe(row(rows[0]));
      });
    });

    test("row ids ascend in the order of the appends, compactions included", async () => {
      const rows = await append("a", 1, 2);
      const base = await compact("a", rows, Uint8Array.of(3));
      const later = [...(await append("b", 4)), ...(await append("a", 5))];
      const ids = [...rows, base, ...later].map(row);
      expect(ids).toEqual(ids.toSorted((left, right) => left - right));
    });

    describe("compact", () => {
      test("keeps the summary with the base until the next one", async () => {
        const summarized = async (rows: readonly RowId[], summary: Uint8Array) =>
          store.compact("document", { base: Uint8Array.of(7), summary, rows, quarantined: [] });
        const first = await summarized(await append("document", 1), Uint8Array.of(1, 2, 3));
        expect((await store.load("document"))?.base?.summary).toEqual(Uint8Array.of(1, 2, 3));
        await summarized([first], Uint8Array.of(4));
        expect((await store.load("document"))?.base?.summary).toEqual(Uint8Array.of(4));
      });

      test("quarantines rows that are not in the base: they are kept, but no part of the document", async () => {
        const rows = await append("document", 1, 2, 3);
        const [, poison] = rows;
        if (poison === undefined) throw new Error("no row");
        await store.compact("document", {
          base: Uint8Array.of(13),
          summary: Uint8Array.of(),
          rows,
          quarantined: [poison],
        });
        await append("document", 4);
        expect(await load("document")).toEqual({ base: [13], tail: [[4]] });
        const { base, tail, quarantined } = (await store.load("document")) ?? { tail: [] };
        expect(quarantined).toEqual([stored(poison, 2)]);
        await compact("document", [row(base?.row), ...tail.map((each) => each.row)], Uint8Array.of(134));
        expect((await store.load("document"))?.quarantined).toEqual([stored(poison, 2)]);
        await store.purge("document");
        await append("document", 5);
        expect((await store.load("document"))?.quarantined).toEqual([]);
      });

      test("replaces exactly the given rows, and keeps updates appended meanwhile", async () => {
        const rows = await append("document", 1, 2);
        await append("other", 9);
        await append("document", 3);
        const base = await compact("document", rows, Uint8Array.of(12));
        await append("document", 4);
        expect(await load("document")).toEqual({ base: [12], tail: [[3], [4]] });
        expect((await store.load("document"))?.base?.row).toBe(base);
        expect(await load("other")).toEqual({ base: undefined, tail: [[9]] });
      });

      test("replaces the base and the first rows of the tail, and keeps the rest of the tail", async () => {
        const first = await append("document", 1, 2);
        const [third, , fifth] = await append("document", 3, 4, 5);
        const base = await compact("document", first, Uint8Array.of(12));
        const second = await compact("document", [base, row(third)], Uint8Array.of(123));
        expect(await load("document")).toEqual({ base: [123], tail: [[4], [5]] });
        const tail = (await store.load("document"))?.tail ?? [];
        await compact("document", [second, ...tail.map((update) => update.row)], Uint8Array.of(99));
        expect(await load("document")).toEqual({ base: [99], tail: [] });
        expect(tail[1]?.row).toBe(row(fifth));
      });

      test("replaces a base alone", async () => {
        const base = await compact("document", await append("document", 1), Uint8Array.of(10));
        await append("document", 2);
        await compact("document", [base], Uint8Array.of(11));
        expect(await load("document")).toEqual({ base: [11], tail: [[2]] });
      });

      test.each<[string, (first: RowId, second: RowId) => Promise<readonly RowId[]>]>([
        [
          "of a removed document",
          async (first, second) => {
            await store.purge("document");
            return [first, second];
          },
        ],
        [
          "of a document that was removed and begun again",
          async (first, second) => {
            await store.purge("document");
            await append("document", 7, 8);
            return [first, second];
          },
        ],
        [
          "that an earlier compaction has taken",
          async (first, second) => {
            await compact("document", [first], Uint8Array.of(10));
            return [first, second];
          },
        ],
        [
          "without the base",
          async (first, second) => {
            await compact("document", [first], Uint8Array.of(10));
            return [second];
          },
        ],
        ["of another document", async (first) => [first, ...(await append("other", 9))]],
        ["that never existed", async (first, second) => [first, second, second + 1_000]],
      ])("rejects rows %s, and changes nothing", async (_, prepare) => {
        const [first, second] = await append("document", 1, 2);
        const rows = await prepare(row(first), row(second));
        const before = [await store.load("document"), await store.load("other")];
        expect(await rejection(compact("document", rows, Uint8Array.of(12)))).toBeInstanceOf(StoreError);
        expect([await store.load("document"), await store.load("other")]).toEqual(before);
      });

      test("replaces 100,000 rows", async () => {
        const batch = Array.from({ length: 100_000 }, (_, index) => ({
          document: index % 5 === 4 ? "other" : "document",
          update: Uint8Array.of(index),
        }));
        const rows = (await store.append(batch)).filter((_, index) => index % 5 !== 4);
        await compact("document", rows, Uint8Array.of(1));
        expect(await load("document")).toEqual({ base: [1], tail: [] });
        expect((await store.load("other"))?.tail.length).toBe(20_000);
      });
    });

    test("a row id is never used again, whatever is compacted, removed or rejected", async () => {
      const seen: RowId[] = [];
      for (let round = 0; round < 3; round += 1) {
        const rows = await append("document", 1, 2);
        seen.push(...rows);
        await rejection(compact("document", [row(rows[0]) + 1_000], Uint8Array.of(0)));
        seen.push(await compact("document", rows, Uint8Array.of(12)));
        await store.purge("document");
      }
      expect(new Set(seen).size).toBe(seen.length);
    });

    describe("list", () => {
      test("reports the rows and bytes of base and tail", async () => {
        await append("without a base", 1, 2);
        await compact("with a base", await append("with a base", 1, 2), Uint8Array.of(1, 2, 3));
        await append("with a base", 4);
        expect(await store.list({ limit: 10 })).toMatchObject([
          { name: "with a base", bytes: 4, rows: 2, tailRows: 1 },
          { name: "without a base", bytes: 2, rows: 2, tailRows: 2 },
        ]);
      });

      test("reports what info does", async () => {
        await append("a", 1, 2);
        await append("b", 3);
        await store.delete("b");
        const infos = [await store.info("a"), await store.info("b")];
        expect(infos.map((info) => info?.name)).toEqual(["a", "b"]);
        expect<unknown>(await store.list({ state: "any", limit: 10 })).toEqual(infos);
      });

      test("is limited to the names that begin with a prefix, page by page", async () => {
        const inOrder = ["a", "a%", "a_b", "a/", "a/1", "a/2", "a0", "a\ud7ff", "a\ue000", "a\u{10ffff}", "ab", "b"];
        for (const name of inOrder.toReversed()) await append(name, 1);
        const withPrefix = (prefix: string) =>
          inOrder
            .filter((name) => name.startsWith(prefix))
            .toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
        for (const prefix of ["", "a", "a%", "a_", "a/", "a/1", "a\ud7ff", "a\u{10ffff}", "\u{10ffff}", "c"]) {
          expect(await names({ prefix, limit: 20 })).toEqual(withPrefix(prefix));
        }
        expect(await names({ prefix: "a/", after: "a/1", limit: 1 })).toEqual(["a/2"]);
        expect(await names({ prefix: "a/", after: "a/2", limit: 1 })).toEqual([]);
        expect(await names({ prefix: "a/", after: "A", limit: 1 })).toEqual(["a/"]);
        expect(await names({ prefix: "a/", after: "b", limit: 1 })).toEqual([]);
      });

      test("begins with the largest documents, as info reports them, if that is the order", async () => {
        await append("small", 1);
        await append("large", 1, 2, 3, 4);
        await append("middle b", 1, 2);
        await append("middle a", 1, 2);
        const first = await store.list({ order: "bytes", limit: 2 });
        expect(first).toEqual(await Promise.all(["large", "middle a"].map(infoOf)));
        expect(await names({ order: "bytes", limit: 9 })).toEqual(["large", "middle a", "middle b", "small"]);
        await compact("large", rowsOf(await store.load("large")), Uint8Array.of(1));
        expect(await names({ order: "bytes", limit: 9 })).toEqual(["middle a", "middle b", "large", "small"]);
        await append("small", 5, 6);
        expect(await names({ order: "bytes", limit: 1 })).toEqual(["small"]);
        expect(await names({ order: "bytes", limit: 9, prefix: "middle" })).toEqual(["middle a", "middle b"]);
      });

      test("begins with the last updated documents, if that is the order, whatever is compacted", async () => {
        for (const name of ["a", "b", "c", "b"]) await append(name, 1);
        expect(await names({ order: "updated", limit: 9 })).toEqual(["b", "c", "a"]);
        await compact("a", rowsOf(await store.load("a")), Uint8Array.of(1));
        await compact("b", rowsOf(await store.load("b")), Uint8Array.of(1));
        expect(await names({ order: "updated", limit: 9 })).toEqual(["b", "c", "a"]);
        await append("a", 2);
        expect(await store.list({ order: "updated", limit: 1 })).toEqual([await infoOf("a")]);
        await store.delete("a");
        await store.purge("b");
        expect(await names({ order: "updated", limit: 9 })).toEqual(["c"]);
        expect(await names({ order: "updated", limit: 9, state: "deleted" })).toEqual(["a"]);
        expect(await names({ order: "bytes", limit: 9, state: "any" })).toEqual(["a", "c"]);
      });

      test("leaves deleted documents out, or everything else", async () => {
        for (const name of ["a", "b", "c", "d"]) await append(name, 1);
        for (const name of ["b", "d"]) await store.delete(name);
        expect(await names({ limit: 1, after: "a" })).toEqual(["c"]);
        expect(await names({ limit: 9, state: "deleted" })).toEqual(["b", "d"]);
        expect(await names({ limit: 9, state: "any" })).toEqual(["a", "b", "c", "d"]);
      });

      test("is ordered by UTF-8 bytes, page by page", async () => {
        const inOrder = ["", "A", "a", "b", "é", "\uffff", "\u{1f98c}"];
        for (const name of inOrder.toReversed()) await append(name, 1);
        expect(await names({ limit: 3 })).toEqual(inOrder.slice(0, 3));
        expect(await names({ after: "a", limit: 3 })).toEqual(inOrder.slice(3, 6));
        expect(await names({ after: "\uffff", limit: 3 })).toEqual(inOrder.slice(6));
        expect(await names({ after: "", limit: 1 })).toEqual(["A"]);
        expect(await names({ after: "a name that is not there", limit: 1 })).toEqual(["b"]);
      });
    });

    describe("the sequence of a document", () => {
      const sequence = async (document: string) => {
        const info = await store.info(document);
        expect((await store.load(document))?.sequence).toBe(info?.sequence as RowId);
        return info?.sequence;
      };

      test("is the row of its last append, which a compaction does not change", async () => {
        const rows = await append("document", 1, 2);
        await append("other", 9);
        expect(await sequence("document")).toBe(row(rows[1]));
        const base = await compact("document", rows, Uint8Array.of(3));
        expect(await sequence("document")).toBe(row(rows[1]));
        const [later] = await append("document", 4);
        expect(await sequence("document")).toBe(row(later));
        await compact("document", [base, row(later)], Uint8Array.of(5));
        expect(await sequence("document")).toBe(row(later));
      });

      test("stays when the document is deleted, and is undefined without the document", async () => {
        const rows = await append("document", 1);
        await store.delete("document");
        expect(await sequence("document")).toBe(row(rows[0]));
        await store.purge("document");
        expect(await sequence("document")).toBeUndefined();
      });
    });

    describe("info", () => {
      test("is what load has, after every change and whenever it was asked before", async () => {
        const random = new Random(19);
        const check = async (document: string) => {
          const [info, loaded] = [await store.info(document), await store.load(document)];
          const stored = [...(loaded?.base === undefined ? [] : [loaded.base]), ...(loaded?.tail ?? [])];
          const bytes = stored.reduce((sum, { update }) => sum + update.byteLength, 0);
          expect([info?.bytes, info?.rows, info?.tailRows, info?.sequence]).toEqual(
            loaded === undefined
              ? [undefined, undefined, undefined, undefined]
              : [bytes, stored.length, loaded.tail.length, loaded.sequence],
          );
        };
        const appendOf = (document: string, sizes: readonly number[]) =>
          store.append(sizes.map((size) => ({ document, update: new Uint8Array(size) })));
        const changes: readonly ((document: string) => unknown)[] = [
          (document) => append(document, 1, 2),
          (document) => appendOf(document, [3, 400]),
          // So much is too large for a journal.
          (document) => appendOf(document, [300_000]),
          async (document) => {
            const loaded = await store.load(document);
            if (loaded === undefined || loaded.tail.length === 0) return;
            const rows = rowsOf(loaded);
            await compact(
              document,
              rows.slice(0, Math.max(1, rows.length - random.integer(3))),
              new Uint8Array(random.integer(90)),
            );
          },
          (document) => store.purge(document),
          // Moves everything out of a journal.
          () => store.scrub(),
        ];
        for (let step = 0; step < 120; step += 1) {
          await random.pick(changes)(random.pick(["a", "b"]));
          for (const document of random.some(["a", "b"], 0.7)) await check(document);
        }
      });
    });

    describe("the times of a document", () => {
      test("are those of its first and last append, and of its deletion", async () => {
        const before = Date.now();
        await compact("document", await append("document", 1), Uint8Array.of(2));
        const created = await store.info("document");
        expect(created?.createdAt).toBeGreaterThanOrEqual(before);
        expect(created?.updatedAt).toBe(created?.createdAt ?? 0);
        expect(created?.deletedAt).toBeUndefined();
        await Bun.sleep(2);
        await append("document", 3);
        const updated = await store.info("document");
        expect(updated?.createdAt).toBe(created?.createdAt ?? 0);
        expect(updated?.updatedAt).toBeGreaterThan(created?.updatedAt ?? 0);
        await store.delete("document");
        expect((await store.info("document"))?.deletedAt).toBeGreaterThanOrEqual(updated?.updatedAt ?? 0);
      });
    });

    describe("delete and undelete", () => {
      test("hide the log of a document, and show it again as it was", async () => {
        const rows = await append("document", 1, 2);
        expect(await store.delete("document")).toBe(true);
        const deleted = await store.load("document");
        expect(deleted?.deletedAt).toBe((await store.info("document"))?.deletedAt ?? 0);
        expect(deleted?.sequence).toBe(row(rows[1]));
        expect(summarize(deleted)).toEqual({ base: undefined, tail: [] });
        expect(await store.info("document")).toMatchObject({ bytes: 2, tailRows: 2 });
        expect(await store.undelete("document")).toBe(true);
        expect((await store.load("document"))?.deletedAt).toBeUndefined();
        expect(await load("document")).toEqual({ base: undefined, tail: [[1], [2]] });
      });

      test("are idempotent: the time of the first deletion stays", async () => {
        await append("document", 1);
        await store.delete("document");
        const first = await store.info("document");
        await Bun.sleep(2);
        expect(await store.delete("document")).toBe(true);
        expect((await store.info("document"))?.deletedAt).toBe(first?.deletedAt ?? 0);
        await store.undelete("document");
        expect(await store.undelete("document")).toBe(true);
      });

      test("report a document that does not exist, and create none", async () => {
        expect(await store.delete("document")).toBe(false);
        expect(await store.undelete("document")).toBe(false);
        expect(await store.info("document")).toBeUndefined();
      });

      test("an append leaves a document deleted", async () => {
        await append("document", 1);
        await store.delete("document");
        await append("document", 2);
        expect(await names({ limit: 1 })).toEqual([]);
        await store.undelete("document");
        expect(await load("document")).toEqual({ base: undefined, tail: [[1], [2]] });
      });

      test("a deleted document can be compacted and purged", async () => {
        const rows = await append("document", 1, 2);
        await store.delete("document");
        await compact("document", rows, Uint8Array.of(3));
        expect((await store.load("document"))?.deletedAt).toBeGreaterThan(0);
        await store.purge("document");
        await append("document", 4);
        expect((await store.load("document"))?.deletedAt).toBeUndefined();
        expect(await load("document")).toEqual({ base: undefined, tail: [[4]] });
      });
    });

    test("a scrub changes no document, and takes updates meanwhile", async () => {
      await append("document", 1);
      await append("purged", 2);
      await store.purge("purged");
      const scrubbing = Promise.all([store.scrub(), store.scrub()]);
      await append("document", 3);
      await scrubbing;
      expect(await load("document")).toEqual({ base: undefined, tail: [[1], [3]] });
      expect(await store.load("purged")).toBeUndefined();
    });

    describe("purge", () => {
      test("removes the whole log of one document, and no other", async () => {
        await compact("document", await append("document", 1), Uint8Array.of(10));
        await append("document", 2);
        await append("other", 3);
        await store.purge("document");
        expect(await store.load("document")).toBeUndefined();
        expect(await names({ limit: 10 })).toEqual(["other"]);
        expect(await load("other")).toEqual({ base: undefined, tail: [[3]] });
      });

      test("removes only a document that was deleted in time, if there is a time", async () => {
        await append("document", 1);
        expect(await store.purge("document", Number.MAX_SAFE_INTEGER)).toBe(false);
        await store.delete("document");
        const deletedAt = (await store.info("document"))?.deletedAt ?? 0;
        expect(await store.purge("document", deletedAt - 1)).toBe(false);
        expect((await store.load("document"))?.deletedAt).toBe(deletedAt);
        expect(await store.purge("document", deletedAt)).toBe(true);
        expect(await store.load("document")).toBeUndefined();
        expect(await store.purge("document", deletedAt)).toBe(false);
      });

      test("is idempotent, and the name can be used again", async () => {
        await append("document", 1);
        await store.purge("document");
        await store.purge("document");
        await append("new", 5);
        await append("document", 2);
        expect(await load("document")).toEqual({ base: undefined, tail: [[2]] });
        expect(await load("new")).toEqual({ base: undefined, tail: [[5]] });
      });
    });
  });
}

type Summary = { readonly base: number[] | undefined; readonly tail: number[][] } | undefined;

function summarize(document: Awaited<ReturnType<Store["load"]>>): Summary {
  if (document === undefined) return undefined;
  return { base: document.base && [...document.base.update], tail: document.tail.map(({ update }) => [...update]) };
}

function stored(id: RowId | undefined, byte: number): StoredUpdate {
  return { row: row(id), update: Uint8Array.of(byte) };
}

function row(id: RowId | undefined): RowId {
  if (id === undefined) throw new Error("a row is missing");
  return id;
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
