/** Names one stored row of one store; never used for another row while the store is open. */
export type RowId = number;

/** One update's log entry. */
export interface StoredUpdate {
  readonly row: RowId;
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
}

/** One consistent cut through a document's log. */
export interface StoredDocument {
  /** What the last compaction left. */
  readonly base: StoredUpdate | undefined;
  /** The updates that no compaction has taken in, in the order of their commits. */
  readonly tail: readonly StoredUpdate[];
}

/** An update on its way into a document's log. */
export interface PendingUpdate {
  readonly document: string;
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
}

export interface DocumentInfo {
  readonly name: string;
  /** Bytes of the base and the tail. */
  readonly bytes: number;
  /** Rows of the base and the tail. */
  readonly rows: number;
}

/** A slice of the documents in the order of their names (by UTF-8 bytes). */
export interface Page {
  /** Only names after this one. */
  readonly after?: string;
  readonly limit: number;
}

/**
 * Why a store could not do its work. `unavailable` (I/O error, locked) and `full` may pass: the same call can be made
 * again. `corrupt` does not pass.
 */
export type StoreErrorKind = "unavailable" | "full" | "corrupt";

export class StoreError extends Error {
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.kind = kind;
  }
}

/**
 * Documents as append-only logs of commuting updates.
 *
 * Calls take effect in the order in which they were made. Each either takes effect whole or rejects with `StoreError`
 * and leaves every log unchanged.
 */
export interface Store {
  /** A document that was never appended to, or was removed, is undefined. */
  load(document: string): Promise<StoredDocument | undefined>;
  /** Appends all of `batch` in one transaction; it survives `kill -9` when the promise resolves. Row ids in batch order. */
  append(batch: readonly PendingUpdate[]): Promise<readonly RowId[]>;
  /**
   * Replaces exactly `rows` of one document by `base`, and resolves with the base's row.
   *
   * `rows` are the base and the first of the tail, as one `load` or the appends since gave them. Rows appended
   * meanwhile stay as the tail. A row that is gone (the document was removed) rejects, and changes nothing.
   */
  compact(document: string, rows: readonly RowId[], base: Uint8Array): Promise<RowId>;
  list(page: Page): Promise<readonly DocumentInfo[]>;
  /** Idempotent. */
  remove(document: string): Promise<void>;
  /** Resolves when everything is written and the files are closed. No call may follow. */
  close(): Promise<void>;
}
