import type { RowId } from "../../store.ts";
import type { Statements } from "../statements.ts";

/** The rows of one document in the table `updates`, summed up. */
export interface TableSums {
  /** Those of the base included. */
  readonly bytes: number;
  readonly rows: number;
  /** The last row, the base excepted; undefined if there is none. */
  readonly last: { readonly row: RowId; readonly at: number | null } | undefined;
}

type SumStatements = Pick<Statements, "sumUpdates" | "selectLastUpdate">;

/** Adds up the rows of a document with this base. */
export function sumRows(
  { selectLastUpdate, sumUpdates }: SumStatements,
  document: number,
  base: RowId | null,
): TableSums {
  const { bytes, rows } = sumUpdates.get(document) ?? { bytes: 0, rows: 0 };
  return { bytes, rows, last: selectLastUpdate.get(document, base) ?? undefined };
}

/** The documents whose sums are kept: about 2 MB. */
const keptDocuments = 10_000;

/**
 * The sums of documents in the table `updates`. A document may have thousands of rows, which are added up once, and again when
 * they have changed: appends go into the journal, and do not change them.
 */
export class TableSumsCache {
  readonly #statements: SumStatements;
  /** In the order in which they were used, by the number of the document. */
  readonly #kept = new Map<number, TableSums>();

  constructor(statements: SumStatements) {
    this.#statements = statements;
  }

  /** The sums of a document with this base. */
  of(document: number, base: RowId | null): TableSums {
    const known = this.#kept.get(document);
    this.#kept.delete(document);
    const sums = known ?? sumRows(this.#statements, document, base);
    this.#kept.set(document, sums);
    if (this.#kept.size > keptDocuments) this.#dropOldest();
    return sums;
  }

  /** Reports that rows of a document are inserted or deleted. */
  forget(document: number): void {
    this.#kept.delete(document);
  }

  #dropOldest(): void {
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}
