import type { RowId } from "../../storage/store.ts";

/** The committed content of a document at one time. */
export interface DocumentParts {
  /** As `Document.sequence`. */
  readonly sequence: RowId;
  /** Whether all rows up to the sequence are in it: those of other nodes may come late. */
  readonly isComplete: boolean;
  /** Yjs updates, V1, which together are the document. They are shared, and must not be modified. */
  readonly updates: readonly Uint8Array[];
}
