/**
 * Works with a store until it is killed at a point of that work. Counts in the documents "a" and "b", and prints each
 * number when it is stored. Meanwhile it compacts and quarantines in "a", creates and removes other documents, appends
 * large updates, makes the journal full, lets it be folded, and closes and opens the store.
 */
import { writeSync } from "node:fs";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../../src/storage/sqlite/sqlite-store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../bytes/counting.ts";
import { FakeClock } from "../../fakes/fake-clock.ts";
import { killAt } from "./kill-at-statement.ts";

const [file = "", statement = "", runs = "0"] = process.argv.slice(2);
killAt({ statement, runs: Number(runs) });
const clock = new FakeClock();
let store = openSqliteStore({ file, metrics: createMetrics(), clock });
let next = numbersIn(await store.load("b")).length;

/** Appends the next number to both documents, and the bytes to one of its own. */
async function count(filler: readonly Uint8Array[] = []): Promise<void> {
  const update = updateOf([next]);
  const own = filler.map((bytes) => ({ document: `own ${next}`, update: bytes }));
  await store.append([{ document: "a", update }, ...own, { document: "b", update }]);
  writeSync(1, `${next}\n`);
  next += 1;
}

/** Compacts all of "a" but its last rows. */
async function compact(keep: number, quarantines = false): Promise<void> {
  const document = await store.load("a");
  const rows = rowsOf(document);
  const taken = rows.slice(0, rows.length - keep);
  const numbers = numbersIn(document);
  const kept = numbers.slice(0, numbers.length - keep);
  const quarantined = quarantines ? taken.slice(-1) : [];
  await store.compact("a", { ...compaction(taken, updateOf(kept)), quarantined });
}

/** Lets the store do what it does when nothing is written. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) {
    clock.advance(2_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

for (let round = 0; ; round += 1) {
  for (let times = 0; times < 7; times += 1) await count();
  await count([new Uint8Array(1_000)]);
  await compact(3);
  await count([new Uint8Array(300_000)]);
  await quiet();
  for (let times = 0; times < 3; times += 1) await count();
  await compact(1, true);
  await store.purge(`own ${next - 5}`);
  if (round % 2 === 1) {
    for (let times = 0; times < 70; times += 1) await count([new Uint8Array(255_000)]);
    await store.durable();
    await quiet();
  } else await store.durable();
  if (round % 2 === 0) {
    await count();
    await store.close();
    store = openSqliteStore({ file, metrics: createMetrics(), clock });
  }
}
