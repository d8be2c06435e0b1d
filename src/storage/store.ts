/** Names one stored row of one store: ids ascend in the order of the appends, and none is used twice. */
export type RowId = number;

/** One update's log entry. */
export interface StoredUpdate {
  readonly row: RowId;
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
}

/** What a compaction left of the rows it took in. */
export interface StoredBase extends StoredUpdate {
  /** As `Compaction.summary`; undefined where a release that knew of none has written it. */
  readonly summary: Uint8Array | undefined;
}

/** One consistent cut through a document's log. */
export interface StoredDocument {
  readonly base: StoredBase | undefined;
  /** The updates that no compaction has taken in, in the order of their commits. */
  readonly tail: readonly StoredUpdate[];
  /** The updates that compactions have set aside: they are kept, and not part of the document. */
  readonly quarantined: readonly StoredUpdate[];
}

/** A base on its way into a document's log. */
export interface Compaction {
  /** A Yjs update, V1. */
  readonly base: Uint8Array;
  /** What whoever compacts wants to know of the base without reading it; nothing to the store. */
  readonly summary: Uint8Array;
  /** What it takes the place of: the base and the first of the tail, as one `load` or the appends since gave them. */
  readonly rows: readonly RowId[];
  /** Those of `rows` that the base does not take in: set aside. */
  readonly quarantined: readonly RowId[];
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
  /** Rows of the tail alone: the updates since the last compaction. */
  readonly tailRows: number;
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
   * Resolves when all that was appended and compacted before the call survives a power cut, as far as the store's medium
   * does. Costs the event loop nothing. One call at a time.
   *
   * A rejection says nothing about what is on disk, and neither would the next sync of the same file: the next call
   * writes what is not known to be there anew.
   */
  durable(): Promise<void>;
  /**
   * Replaces exactly `compaction.rows` of one document by its base, and resolves with the base's row.
   *
   * Rows appended meanwhile stay as the tail. A row that is gone (the document was removed) rejects, and changes nothing.
   */
  compact(document: string, compaction: Compaction): Promise<RowId>;
  list(page: Page): Promise<readonly DocumentInfo[]>;
  /** Idempotent. */
  remove(document: string): Promise<void>;
  /** Resolves when everything is written and the files are closed. No call may follow. */
  close(): Promise<void>;
}
