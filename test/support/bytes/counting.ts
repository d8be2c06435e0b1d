import type { Compaction, RowId, StoredDocument } from "../../../src/storage/store.ts";

/** Encodes numbers as an update. Yjs could not read it, but a store does not read updates. */
export function updateOf(numbers: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(numbers).buffer);
}

export function compaction(rows: readonly RowId[], base: Uint8Array): Compaction {
  return { base, summary: Uint8Array.of(1), rows, quarantined: [] };
}

/** The numbers of a whole log, in order. */
export function numbersIn(document: StoredDocument | undefined): number[] {
  return updatesOf(document).flatMap(({ update }) => [...new Uint32Array(new Uint8Array(update).buffer)]);
}

export function rowsOf(document: StoredDocument | undefined): RowId[] {
  return updatesOf(document).map(({ row }) => row);
}

function updatesOf(document: StoredDocument | undefined): StoredDocument["tail"] {
  if (document === undefined) return [];
  return document.base === undefined ? document.tail : [document.base, ...document.tail];
}
