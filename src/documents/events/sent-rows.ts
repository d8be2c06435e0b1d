import type { RowId } from "../../storage/store.ts";

/** So many rows are remembered: those of another node come milliseconds late, or a second when an announcement is lost. */
const remembered = 1_000;

/**
 * The rows that a reader was sent. Those of several nodes may come a little out of order, and twice: the last ones are
 * remembered.
 */
export class SentRows {
  /** In the order in which they were sent. */
  readonly #rows = new Set<RowId>();

  /** Records a row. Returns false if the reader was sent it before. */
  add(row: RowId): boolean {
    if (this.#rows.has(row)) return false;
    this.#rows.add(row);
    const [oldest] = this.#rows;
    if (this.#rows.size > remembered && oldest !== undefined) this.#rows.delete(oldest);
    return true;
  }
}
