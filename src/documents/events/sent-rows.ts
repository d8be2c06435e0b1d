import type { RowId } from "../../storage/store.ts";

/** The rows of another node come at most so much later than later ones: in milliseconds, as the nodes read them. */
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
