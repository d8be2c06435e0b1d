import type { RowId } from "../../../storage/store.ts";
import type { IdSet } from "../../update/id-set.ts";
import type { Base } from "../document-content.ts";

/** The result of a compaction. */
export interface Compacted {
  readonly base: Base;
  /** The deletes of the base, if they are large. */
  readonly deletes?: IdSet | undefined;
  /** The rows of the tail whose updates are not in the base: they are no part of the document any more. */
  readonly quarantined: readonly RowId[];
}
