/**
 * Appends to a store on a disk that is too small for it until an append fails, compacts, removes the `filler`, if one
 * is given, and appends again. Prints the results as JSON.
 */
import { rmSync } from "node:fs";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { openSqliteStore } from "../../../src/storage/sqlite/sqlite-store.ts";
import { StoreError, type StoreErrorKind } from "../../../src/storage/store.ts";
import { compaction, rowsOf } from "../bytes/counting.ts";

/**
 * The results and the content of the store. Each batch is a small update of "every" and a large one of a document of
 * its own.
 */
export interface FillReport {
  readonly acknowledgedBatches: number;
  readonly appendFailure: StoreErrorKind | undefined;
  /** The failure of a compaction to 4 MB. */
  readonly compactFailure: StoreErrorKind | undefined;
  /** The rows after both failures. */
  readonly rowsOfEvery: number;
  readonly documents: number;
  /** The rows after the failed batch was appended again. */
  readonly rowsOfEveryAtEnd: number;
  readonly documentsAtEnd: number;
}

const [file = "", filler] = process.argv.slice(2);
const store = openSqliteStore({ file, metrics: createMetrics() });
const update = new Uint8Array(40_000).fill(7);

const append = (batch: number) =>
  failureOf((async () => store.append(["every", `${batch}`].map((document) => ({ document, update }))))());
const rowsOfEvery = async () => rowsOf(await store.load("every")).length;
const documents = async () => (await store.list({ limit: 1_000 })).length;

let batch = 0;
let appendFailure = await append(batch);
while (appendFailure === undefined) appendFailure = await append(++batch);
const rows = rowsOf(await store.load("every"));
const compactFailure = await failureOf(store.compact("every", compaction(rows, new Uint8Array(4_000_000))));
const failed = { rowsOfEvery: await rowsOfEvery(), documents: await documents() };
if (filler !== undefined) {
  rmSync(filler);
  await append(batch);
}
const report: FillReport = {
  acknowledgedBatches: batch,
  appendFailure,
  compactFailure,
  ...failed,
  rowsOfEveryAtEnd: await rowsOfEvery(),
  documentsAtEnd: await documents(),
};
console.log(JSON.stringify(report));
await store.close();

async function failureOf(promise: Promise<unknown>): Promise<StoreErrorKind | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (error instanceof StoreError) return error.kind;
    throw error;
  }
}
