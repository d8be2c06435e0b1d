import { type RowId, StoreError } from "../../store.ts";
import type { Statements } from "../statements.ts";

/** The number of row ids that one write to `row_ids` reserves. */
const reservedRows = 1_000_000;

/** The row ids of updates. None is used twice, not even one of a transaction that was rolled back. */
export class RowIds {
  readonly #statements: Statements;
  #next: RowId;
  /** The ids below are reserved. */
  #reserved: RowId;

  /** Throws `StoreError` (corrupt) if it is not known which ids are in use. */
  constructor(statements: Statements) {
    this.#statements = statements;
    const found = statements.selectReserved.get();
    if (found === null) throw new StoreError("corrupt", "The table row_ids is empty.");
    this.#next = found.reserved;
    this.#reserved = found.reserved;
  }

  /** The last id that was taken. */
  get last(): RowId {
    return this.#next - 1;
  }

  /** Makes sure that the next `count` ids can be taken. Called outside of transactions. Throws SQLite's error. */
  reserve(count: number): void {
    if (this.#next + count <= this.#reserved) return;
    const reserved = this.#next + count + reservedRows;
    this.#statements.reserveRows.run(reserved);
    this.#reserved = reserved;
  }

  /** Leaves out all ids up to `row`. Called outside of transactions. Throws SQLite's error. */
  skipTo(row: RowId): void {
    if (row < this.#next) return;
    this.reserve(row + 1 - this.#next);
    this.#next = row + 1;
  }

  take(): RowId {
    return this.#next++;
  }
}
