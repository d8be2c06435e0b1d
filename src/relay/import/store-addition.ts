import { equalFlat } from "lib0/array";
import { type Store, type StoredUpdate, StoreError } from "../../storage/store.ts";
import { type Addition, logOf } from "./prepare-import.ts";

/**
 * Appends an addition to a document, and resolves once the store has returned the whole log exactly as it was verified.
 *
 * No other writer may use the document meanwhile. Rejects with `StoreError`: `corrupt` when another log is returned.
 */
export async function storeAddition(
  document: string,
  { update, log }: Addition,
  store: Pick<Store, "append" | "load">,
): Promise<void> {
  await store.append([{ document, update }]);
  const found = logOf(await store.load(document));
  const expected = [...log.map((row) => row.update), update];
  if (!isSame(found, expected))
    throw new StoreError("corrupt", "the store did not return the updates that were written");
}

function isSame(found: readonly StoredUpdate[], expected: readonly Uint8Array[]): boolean {
  return (
    found.length === expected.length && found.every(({ update }, index) => equalFlat(update, expected[index] ?? []))
  );
}
