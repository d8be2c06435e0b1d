import type { RowId, StoredDocument } from "../../storage/store.ts";
import { DocumentDeleted } from "./document-deleted.ts";
import type { LogRelation } from "./reading/read-log.ts";

/** A reading of the log, as it has begun. */
export interface LogReading {
  /** The row of the document's last update by then. Those that were committed since may not be read. */
  readonly begun: RowId;
  readonly relation: LogRelation;
}

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
   * Returns the row of the document's last update after a reading. Throws `DocumentDeleted` if the document was purged, and
   * possibly made anew.
   */
  sequenceAfter(stored: StoredDocument | undefined, sequence: RowId, { begun, relation }: LogReading): RowId {
    const read = stored?.sequence ?? 0;
    if (relation === "same") {
      // The store may have lost changes since it has begun: the next reading tells.
      if (!this.#mayBeEarlier && this.#isAnother(stored, begun)) throw new DocumentDeleted();
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
