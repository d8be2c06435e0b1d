import { beforeEach, describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import type { ForeignDocument } from "../../../src/relay/import/gather-updates.ts";
import { prepareImport } from "../../../src/relay/import/prepare-import.ts";
import { storeAddition } from "../../../src/relay/import/store-addition.ts";
import { type Store, StoreError } from "../../../src/storage/store.ts";
import { session } from "../../support/bytes/mutations.ts";
import { Random, withSeeds } from "../../support/bytes/random.ts";
import { bringing, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";

const plenty = { documentBytes: 1_000_000, nameBytes: 256 };

let store: Store;

beforeEach(() => {
  store = openMemoryStore();
});

const keepsDeleted = () => false;

const prepare = (updates: Iterable<Uint8Array>, limits = plenty, name = "notes") =>
  prepareImport({ name, updates }, { store, limits, keepsDeleted });

/** Prepares an import, and stores the addition. */
async function take({ name, updates }: ForeignDocument, limits = plenty) {
  const prepared = await prepareImport({ name, updates }, { store, limits, keepsDeleted });
  if (prepared.kind !== "refused" && prepared.addition !== undefined) {
    await storeAddition(name, prepared.addition, store);
  }
  return prepared;
}

const takeNotes = (updates: Iterable<Uint8Array>, limits = plenty) => take({ name: "notes", updates }, limits);

const stored = async () => {
  const document = await store.load("notes");
  return [...(document?.base === undefined ? [] : [document.base]), ...(document?.tail ?? [])].map(
    ({ update }) => update,
  );
};

function shown(updates: readonly Uint8Array[]): unknown {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return [doc.getText("t").toString(), Y.encodeStateVector(doc)];
}

const typing = (words: string, doc = new Y.Doc()) =>
  updatesOf((typed) => {
    for (const character of words) typed.getText("t").insert(typed.getText("t").length, character);
  }, doc);

describe("a document that is not stored", () => {
  test("is new, and stored as one update with the same content", async () => {
    const updates = typing("hello");
    expect(await takeNotes(updates)).toMatchObject({ kind: "new", count: 5, leftOut: 0 });
    expect(await stored()).toHaveLength(1);
    expect(shown(await stored())).toEqual(shown(updates));
  });

  test("is also new when nothing is stored at all", async () => {
    const options = { store: undefined, limits: plenty, keepsDeleted };
    const prepared = await prepareImport({ name: "notes", updates: typing("hello") }, options);
    expect(prepared).toMatchObject({ kind: "new", addition: { log: [] } });
  });

  test("is empty when it has no content, and then not stored", async () => {
    expect(await takeNotes([Uint8Array.of(0, 0)])).toMatchObject({ kind: "empty", addition: undefined, count: 1 });
    expect(await store.list({ limit: 10 })).toEqual([]);
  });

  test("is stored together with updates that wait for others", async () => {
    const updates = typing("hello").slice(2);
    expect((await takeNotes(updates)).kind).toBe("new");
    await store.append(typing("other").map((update) => ({ document: "notes", update })));
    expect((await takeNotes(updates)).kind).toBe("known");
  });

  test("is stored without rows that are not updates, and their number is reported", async () => {
    const prepared = await takeNotes([...typing("hello"), Uint8Array.of(1, 2, 3)]);
    expect(prepared).toMatchObject({
      kind: "new",
      count: 6,
      leftOut: 1,
      reason: expect.stringContaining("not a Yjs update"),
    });
    expect(shown(await stored())).toEqual(["hello", expect.anything()]);
  });
});

describe("a document that is stored", () => {
  test("is known when it holds everything, however it is stored, and does not grow", async () => {
    const updates = typing("hello");
    await takeNotes(updates);
    const before = await stored();
    expect(await takeNotes(updates)).toMatchObject({ kind: "known", addition: undefined, count: 5 });
    expect(await takeNotes([Y.mergeUpdates(updates)])).toMatchObject({ kind: "known", count: 1 });
    expect(await takeNotes(updates.slice(2))).toMatchObject({ kind: "known" });
    expect(await stored()).toEqual(before);
    const { base, summary } = compactUpdates(before);
    const rows = (await store.load("notes"))?.tail.map(({ row }) => row) ?? [];
    await store.compact("notes", { base, summary, rows, quarantined: [] });
    expect(await takeNotes(updates)).toMatchObject({ kind: "known" });
  });

  test("gets the part that it lacks, and nothing that it has", async () => {
    const doc = new Y.Doc();
    const first = typing("a long beginning of a text", doc);
    await takeNotes(first);
    const later = typing(", and its end", doc);
    const prepared = await takeNotes([...first, ...later]);
    expect(prepared.kind).toBe("merged");
    const [before, added] = await stored();
    expect(added?.byteLength).toBeLessThan(before?.byteLength ?? 0);
    expect(shown(await stored())).toEqual(shown([...first, ...later]));
  });

  test("keeps its content, whatever is merged into it", async () => {
    await withEachSeed(25, async (random) => {
      store = openMemoryStore();
      const [here, there] = [session(random), session(random)];
      await store.append(here.map((update) => ({ document: "notes", update })));
      expect((await takeNotes(there)).kind).toBe("merged");
      expect(shown(await stored())).toEqual(shown([...here, ...there]));
      expect((await takeNotes(there)).kind).toBe("known");
      expect((await takeNotes(here)).kind).toBe("known");
    });
  });

  test("is known when each state of a growing document is imported a second time", async () => {
    await withEachSeed(25, async (random) => {
      store = openMemoryStore();
      const updates = random.shuffled(session(random));
      for (let end = 1; end <= updates.length; end += 1 + random.integer(5)) {
        await takeNotes(updates.slice(0, end));
        expect((await takeNotes(updates.slice(0, end))).kind).toMatch(/known|empty/);
      }
      await takeNotes(updates);
      expect(shown(await stored())).toEqual(shown(updates));
    });
  });
});

describe("a document is refused", () => {
  test.each<[string, string]>([
    ["", "the name is empty"],
    ["a\nb", "the name contains a control character"],
    ["n".repeat(257), "the name is longer than 256 bytes (limits.name-bytes)"],
  ])("with the name %p", async (name, reason) => {
    expect(await prepare(typing("hello"), plenty, name)).toEqual({ kind: "refused", reason });
    expect(await store.list({ limit: 10 })).toEqual([]);
  });

  test.each<[string, readonly Uint8Array[], string]>([
    ["without updates", [], "it has no updates"],
    ["that is not an update", [Uint8Array.of(1, 2, 3)], "not a Yjs update: "],
  ])("%s", async (_, updates, reason) => {
    expect(await prepare(updates)).toEqual({ kind: "refused", reason: expect.stringContaining(reason) });
  });

  test("that exceeds the size limit by a byte, and not one of exactly that size", async () => {
    const updates = typing("hello");
    const bytes = compactUpdates(updates).base.byteLength;
    expect(await prepare(updates, { ...plenty, documentBytes: bytes - 1 })).toEqual({
      kind: "refused",
      reason: `document too large: it would have ${bytes} bytes, and the limit is ${bytes - 1}`,
    });
    expect((await prepare(updates, { ...plenty, documentBytes: bytes })).kind).toBe("new");
  });

  test("that would make the stored one too large", async () => {
    const here = typing("hello");
    await store.append(here.map((update) => ({ document: "notes", update })));
    const there = typing("there");
    const documentBytes = compactUpdates([...here, ...there]).base.byteLength;
    expect((await prepare(there, { ...plenty, documentBytes: documentBytes - 1 })).kind).toBe("refused");
    expect((await prepare(there, { ...plenty, documentBytes })).kind).toBe("merged");
  });

  test("and not one that fits into it once what was deleted there is collected", async () => {
    const here = updatesOf((doc) => {
      doc.getText("t").insert(0, "x".repeat(2_000));
      doc.getText("t").delete(0, 2_000);
    });
    await store.append(here.map((update) => ({ document: "notes", update })));
    expect((await prepare(typing("there"), { ...plenty, documentBytes: 1_000 })).kind).toBe("merged");
  });

  test("that Yjs cannot apply to the stored one", async () => {
    const contradicting = updateBytes([{ client: 7, clock: 0, structs: [text("ab", { parent: "t" })] }]);
    const log = [bringing(7, 0, 1), contradicting];
    await store.append(log.map((update) => ({ document: "notes", update })));
    expect(await prepare([Y.mergeUpdates([contradicting, bringing(9, 0, 3)])])).toEqual({
      kind: "refused",
      reason: "Yjs cannot apply it to the stored document",
    });
  });

  test("when the stored one cannot be read", async () => {
    await store.append([{ document: "notes", update: Uint8Array.of(1, 2, 3) }]);
    expect(await prepare(typing("hello"))).toEqual({
      kind: "refused",
      reason: expect.stringMatching(/^the stored document is unreadable: row \d+ does not hold a Yjs update/),
    });
  });
});

test("an unavailable store makes the import reject", async () => {
  const failing = { load: () => Promise.reject(new StoreError("unavailable", "the disk is gone")) };
  const prepared = prepareImport(
    { name: "notes", updates: typing("hello") },
    { store: failing, limits: plenty, keepsDeleted },
  );
  expect(prepared).rejects.toThrow("the disk is gone");
});

test("a store that returns other updates than were written is reported as corrupt", async () => {
  const prepared = await prepare(typing("hello"));
  if (prepared.kind === "refused" || prepared.addition === undefined) throw new Error("nothing to add");
  const { addition } = prepared;
  const forgetful = { append: async () => [1], load: async () => undefined };
  expect(storeAddition("notes", addition, forgetful)).rejects.toThrow("did not return the updates that were written");
  const update = new Uint8Array(addition.update);
  update[0] = (update[0] ?? 0) ^ 1;
  const confused = {
    ...forgetful,
    load: async () => ({ base: undefined, tail: [{ row: 1, update }], quarantined: [], sequence: 0 }),
  };
  expect(storeAddition("notes", addition, confused)).rejects.toThrow("did not return the updates that were written");
});

async function withEachSeed(times: number, property: (random: Random) => Promise<void>): Promise<void> {
  const seeds: number[] = [];
  withSeeds(times, (_, seed) => void seeds.push(seed));
  for (const seed of seeds) {
    await property(new Random(seed)).catch((cause: unknown) => {
      throw new Error(`It fails with YURT_TEST_SEED=${seed}`, { cause });
    });
  }
}
