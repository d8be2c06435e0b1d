import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../../src/storage/sqlite/sqlite-store.ts";
import { numbersIn } from "../../../support/bytes/counting.ts";
import { placesOf } from "../../../support/bytes/stored.ts";
import { Child } from "../../../support/processes/child.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "yurt-killed-"));
  file = join(folder, "store.db");
});

afterEach(() => rmSync(folder, { recursive: true }));

const countTo = (end: number) => Array.from({ length: end }, (_, index) => index);

/** Runs the child until it is killed; resolves with the number of appends that were stored for it. */
async function killedAt(statement: string, runs: number): Promise<number> {
  await using child = new Child("killed/store-until-killed.ts", [file, statement, `${runs}`]);
  const lines = await child.rest();
  expect(await child.exitCode()).toBeNull();
  return Number(lines.at(-1) ?? -1) + 1;
}

/** The next start finds each number once: those that were stored, and the next one if its append was not answered. */
async function expectAll(stored: number): Promise<void> {
  const before = placesOf(file);
  const store = openSqliteStore({ file, metrics: createMetrics() });
  const [a, b] = [await store.load("a"), await store.load("b")];
  expect(numbersIn(b)).toEqual(countTo(Math.max(stored, numbersIn(b).length)));
  expect(numbersIn(b).length).toBeLessThanOrEqual(stored + 1);
  expect(numbersIn(a)).toEqual(numbersIn(b));
  const listed = await store.list({ limit: 1_000 });
  for (const { name, bytes, rows } of listed.filter((each) => each.name.startsWith("own "))) {
    expect({ name, bytes: [1_000, 255_000, 300_000].includes(bytes), rows }).toEqual({ name, bytes: true, rows: 1 });
  }
  const totalRows = listed.reduce((sum, { rows }) => sum + rows, 0);
  expect(totalRows).toBe(before.updates + before.live);
  await store.close();
  expect(placesOf(file)).toEqual({ updates: totalRows, live: 0, records: 0 });
}

describe("a process that is killed loses and doubles nothing, when it dies", () => {
  test.each<[string, string, number]>([
    ["between a new document and its first updates in the journal", "INSERT INTO documents", 3],
    ["after an update was written to the journal", "INSERT INTO journal", 5],
    ["in a compaction, before the base is written", "DELETE FROM updates", 2],
    ["in a compaction of journaled rows, before the document names its base", "INSERT INTO updates", 1],
    ["in a compaction of journaled rows, before the commit", "UPDATE documents SET base", 1],
    ["in a compaction that quarantines a journaled row", "INSERT INTO quarantined", 1],
    ["in a removal of a document with journaled rows", "DELETE FROM documents", 1],
    ["in a fold, after its records were deleted", "DELETE FROM journal", 1],
    ["in a fold, after some of its rows were written", "INSERT INTO updates", 8],
    ["in the fold of a closing store", "DELETE FROM journal", 2],
    ["in the first folds of a full journal", "DELETE FROM journal", 5],
    ["in a later fold of a full journal", "DELETE FROM journal", 20],
  ])(
    "%s",
    async (_, statement, runs) => {
      await expectAll(await killedAt(statement, runs));
      // The second process works on what the first has left.
      await expectAll(await killedAt(statement, runs));
    },
    30_000,
  );

  // The first three are the migrations.
  test.each(countTo(8).map((index) => 4 + 3 * index))(
    "after its transaction %d",
    async (runs) => {
      await expectAll(await killedAt("COMMIT", runs));
      await expectAll(await killedAt("COMMIT", runs + 1));
    },
    30_000,
  );
});
