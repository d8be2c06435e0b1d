import type { RowId } from "../../store.ts";
import { sumRows, type TableSums } from "../documents/table-sums.ts";
import type { RankingStatements, ScannedRow } from "../statements.ts";

const noRows: TableSums = { bytes: 0, rows: 0, last: undefined };

/**
 * One scan costs less than to look the rows of every sixteenth document up. A look-up compares its key with rows on the
 * way, and SQLite reads a row as a whole for that, updates of megabytes included (30 µs against 2, with 100,000 documents
 * of 5 kB).
 */
const scannedShare = 1 / 16;

/** Sums up the rows of documents in the table `updates`. The documents must be asked for in the order of their numbers. */
export type SumTable = (document: number, base: RowId | null) => TableSums;

/** Sums up the rows of `found` documents, of those with numbers up to `highest`. */
export function sumTable(statements: RankingStatements, found: number, highest: number): SumTable {
  if (found < highest * scannedShare) return (document, base) => sumRows(statements, document, base);
  const scan = statements.scanUpdates.iterate();
  let next = scan.next();
  return (document, base) => {
    while (next.done !== true && next.value.document < document) next = scan.next();
    return next.done === true || next.value.document > document ? noRows : sumsOf(next.value, base, statements);
  };
}

function sumsOf(
  { at, bytes, document, last, rows }: ScannedRow,
  base: RowId | null,
  { selectLastUpdate }: RankingStatements,
): TableSums {
  if (last !== base) return { bytes, rows, last: { row: last, at } };
  // Updates that came during a compaction have lower ids than its base.
  return { bytes, rows, last: rows === 1 ? undefined : (selectLastUpdate.get(document, base) ?? undefined) };
}
