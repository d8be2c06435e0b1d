/**
 * Counts in a store until it is killed: batch n appends n to the documents "a" and "b", and every 50th batch "a" is
 * compacted to all its numbers. Prints n when the promise of its batch has resolved.
 */
import { writeSync } from "node:fs";
import { createMetrics } from "../../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../../src/storage/sqlite/sqlite-store.ts";
import { compaction, numbersIn, rowsOf, updateOf } from "../../bytes/counting.ts";

const [file = ""] = process.argv.slice(2);
const store = openSqliteStore({ file, metrics: createMetrics() });

for (let next = numbersIn(await store.load("a")).length; ; next += 1) {
  await store.append(["a", "b"].map((document) => ({ document, update: updateOf([next]) })));
  writeSync(1, `${next}\n`);
  if (next % 50 !== 49) continue;
  const document = await store.load("a");
  await store.compact("a", compaction(rowsOf(document), updateOf(numbersIn(document))));
}
