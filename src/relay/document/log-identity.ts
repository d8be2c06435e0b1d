import type { RowId, StoredDocument } from "../../storage/store.ts";
import { DocumentDeleted } from "./document-deleted.ts";
import type { LogRelation } from "./reading/read-log.ts";

/** Tells whether a log that is read is still that of an open document, or of another one of its name. */
export class LogIdentity {
  /** All rows of the document are larger. Undefined while it has none, and in a store that does not tell. */
  #rowsAfter: RowId | undefined;
  #mayBeEarlier = false;

  constructor(rowsAfter: RowId | undefined) {
    this.#rowsAfter = rowsAfter;
  }

  /** An update of the document was committed. */
  committed(row: RowId): void {
    this.#rowsAfter ??= row - 1;
  }

  /**
   * Has the next reading accept a document without its last rows, or none: the store may have lost them, and nodes append
   * theirs again.
   */
  expectEarlier(): void {
    this.#mayBeEarlier = true;
  }

  /** The relation of the log that is read next to the known one. */
  get relation(): LogRelation {
    return this.#mayBeEarlier ? "other" : "same";
  }

  /**
   * Returns the row of the document's last update after a reading; `sequence` is that before. Throws `DocumentDeleted` if
   * the document was purged, and possibly made anew. `relation` is that at the beginning of the reading.
   */
  sequenceAfter(stored: StoredDocument | undefined, sequence: RowId, relation: LogRelation): RowId {
    const read = stored?.sequence ?? 0;
    if (relation === "same") {
      // The store may have lost changes since it has begun: the next reading tells.
      if (!this.#mayBeEarlier && this.#isAnother(stored, sequence)) throw new DocumentDeleted();
      return Math.max(sequence, read);
    }
    this.#mayBeEarlier = false;
    this.#rowsAfter = stored?.rowsAfter;
    return read;
  }

  #isAnother(stored: StoredDocument | undefined, sequence: RowId): boolean {
    if (stored === undefined) return sequence > 0;
    return this.#rowsAfter !== undefined && stored.rowsAfter !== undefined && stored.rowsAfter > this.#rowsAfter;
  }
}
