import { equalFlat } from "lib0/array";
import { type Store, type StoredUpdate, StoreError } from "../../storage/store.ts";
import { type Addition, logOf } from "./prepare-import.ts";

/**
 * Appends what a document lacks, and resolves when the store has given back the whole log as it was proven to load.
 *
 * Nobody else may write to the document. Rejects with `StoreError`; `corrupt` when something else came back.
 */
export async function storeAddition(
  document: string,
  { update, log }: Addition,
  store: Pick<Store, "append" | "load">,
): Promise<void> {
  await store.append([{ document, update }]);
  const found = logOf(await store.load(document));
  const expected = [...log.map((row) => row.update), update];
  if (!isSame(found, expected)) throw new StoreError("corrupt", "the store does not give back what was written");
}

function isSame(found: readonly StoredUpdate[], expected: readonly Uint8Array[]): boolean {
  return (
    found.length === expected.length && found.every(({ update }, index) => equalFlat(update, expected[index] ?? []))
  );
}
