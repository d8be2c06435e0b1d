import { Database } from "bun:sqlite";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { type Store, StoreError } from "../../../src/storage/store.ts";
import { rowsOf } from "../../support/bytes/counting.ts";

const needle = "the text that must be forgotten";

let folder: string;
let file: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-scrub-"));
  file = join(folder, "store.db");
  store = open();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

function open(): Store {
  return openSqliteStore({ file, metrics: createMetrics() });
}

/** The names of the files of the database in which the text stands. */
function filesWith(text: string): readonly string[] {
  const paths = ["", "-wal", "-shm", "-journal"].map((suffix) => file + suffix);
  return paths.filter((path) => existsSync(path) && readFileSync(path).includes(text));
}

/** Update logs of all sizes, with the needle in the base, in rows, in the journal and in the quarantine. */
async function write(document: string, text: string, size: number): Promise<void> {
  const update = Buffer.from(text.repeat(size));
  await store.append([{ document, update, user: text }]);
  const rows = rowsOf(await store.load(document));
  const [poison] = await store.append([{ document, update }]);
  await store.compact(document, {
    base: update,
    summary: update,
    rows: [...rows, ...(poison === undefined ? [] : [poison])],
    quarantined: poison === undefined ? [] : [poison],
  });
  await store.append([
    { document, update, user: text },
    { document: "kept", update: Uint8Array.of(1) },
  ]);
}

const sizes = [1, 10, 100, 1_000, 20_000];

test("a scrub leaves no byte of a purged document in any file, and everything of the others", async () => {
  for (const [index, size] of sizes.entries()) {
    await write(`purged ${needle} ${index}`, needle, size);
    await write(`neighbour ${index}`, "a text to keep", size);
  }
  expect(filesWith(needle).length).toBeGreaterThan(0);
  for (const index of sizes.keys()) await store.purge(`purged ${needle} ${index}`);
  expect(filesWith(needle).length).toBeGreaterThan(0);
  await store.scrub();
  expect(filesWith(needle)).toEqual([]);
  expect(await store.list({ limit: 99 })).toHaveLength(sizes.length + 1);
  for (const [index, size] of sizes.entries()) {
    const kept = await store.load(`neighbour ${index}`);
    expect(kept?.base?.update.byteLength).toBe("a text to keep".length * size);
    expect(kept?.tail).toHaveLength(1);
  }
  await store.close();
  store = open();
  expect(filesWith(needle)).toEqual([]);
});

test("the free pages are used again: the file does not grow with every scrub", async () => {
  await write("purged", needle, 50_000);
  await store.purge("purged");
  await store.scrub();
  const { size } = statSync(file);
  for (let round = 0; round < 3; round += 1) await store.scrub();
  expect(statSync(file).size).toBe(size);
  await write("next", "another text", 50_000);
  await store.scrub();
  expect(statSync(file).size).toBeLessThan(1.5 * size);
});

test("a scrub that was interrupted leaves zeros, which the next one frees", async () => {
  await write("purged", needle, 1_000);
  await store.close();
  const database = new Database(file);
  database.run("INSERT INTO scrubbed VALUES (zeroblob(5000000))");
  database.close(true);
  store = open();
  await store.purge("purged");
  await store.scrub();
  expect(filesWith(needle)).toEqual([]);
  const after = new Database(file, { readonly: true });
  expect(after.query("SELECT count(*) AS rows FROM scrubbed").get()).toEqual({ rows: 0 });
  after.close(true);
});

test("a scrub rejects while another program reads an older state, and succeeds afterwards", async () => {
  await write("purged", needle, 1_000);
  const reader = new Database(file, { readonly: true });
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM updates").get();
  await store.purge("purged");
  const error = await store.scrub().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StoreError);
  expect(error).toMatchObject({ kind: "unavailable" });
  reader.run("COMMIT");
  reader.close(true);
  await store.scrub();
  expect(filesWith(needle)).toEqual([]);
}, 20_000);
