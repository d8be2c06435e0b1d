import type { HistoryAddition, HistoryStore } from "./history/history-store.ts";

/**
 * The id of one stored row of a store. Those of one document ascend in the order of the appends: whoever sees a row sees
 * all smaller ones. No id is used twice.
 */
export type RowId = number;

/** One entry of a document's update log. */
export interface StoredUpdate {
  readonly row: RowId;
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
}

/** The base of a document: the update into which a compaction has merged earlier rows. */
export interface StoredBase extends StoredUpdate {
  /** As `Compaction.summary`; undefined if a release without summaries has written the base. */
  readonly summary: Uint8Array | undefined;
}

/** One consistent snapshot of a document's update log. */
export interface StoredDocument {
  readonly base: StoredBase | undefined;
  /** The updates since the last compaction, in the order of their commits. */
  readonly tail: readonly StoredUpdate[];
  /** The updates that compactions have quarantined. They are kept, but are not part of the document. */
  readonly quarantined: readonly StoredUpdate[];
  /** As `DocumentInfo.sequence`. */
  readonly sequence: RowId;
  /** As `DocumentInfo.deletedAt`. The log of a deleted document is not read: it appears empty. */
  readonly deletedAt?: number | undefined;
  /**
   * All rows of the document are larger. Those of one of the same name that was purged before are not: a reader that has such
   * a row finds out that the document was made anew. Undefined in a store that no other node can change.
   */
  readonly rowsAfter?: RowId | undefined;
}

/** A base that is to replace rows of a document's log. */
export interface Compaction {
  /** A Yjs update, V1. */
  readonly base: Uint8Array;
  /** The compactor's facts about the base, readable without decoding it. Opaque to the store. */
  readonly summary: Uint8Array;
  /** The rows to replace: the base and the first rows of the tail, as `load` or later appends returned them. */
  readonly rows: readonly RowId[];
  /** The rows among `rows` that the base does not include, to be quarantined. */
  readonly quarantined: readonly RowId[];
  /**
   * The addition of the rows to the document's history, stored in the same transaction. Without it the history has a gap, and so
   * it has if it was removed since the addition was made.
   */
  readonly history?: HistoryAddition | undefined;
}

/** An update that is to be appended to a document's log. */
export interface PendingUpdate {
  readonly document: string;
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
  /** The id of the user who has sent it; undefined if unknown. */
  readonly user?: string | undefined;
}

export interface DocumentInfo {
  readonly name: string;
  /** Bytes of the base and the tail. */
  readonly bytes: number;
  /** Rows of the base and the tail. */
  readonly rows: number;
  /** Rows of the tail alone: the updates since the last compaction. */
  readonly tailRows: number;
  /** The row id of the last append: it ascends with every update, and a compaction does not change it. */
  readonly sequence: RowId;
  /** The time of the first append, in epoch milliseconds; undefined if a release without these times made it. */
  readonly createdAt: number | undefined;
  /** The time of the last append, likewise. */
  readonly updatedAt: number | undefined;
  /** The time of the deletion, in epoch milliseconds; undefined for a document that is not deleted. */
  readonly deletedAt: number | undefined;
}

/** A page of the documents, in the order of their names (by UTF-8 bytes) unless `order` is set. */
export interface Page {
  /** `bytes`: the largest first. `updated`: the last updated first. Documents that are equal follow by their names. */
  readonly order?: "bytes" | "updated" | undefined;
  /** The page begins after this name. Not used with an `order`, which has one page only. */
  readonly after?: string | undefined;
  /** The names begin with this text. */
  readonly prefix?: string | undefined;
  /** Which documents are listed: those that are not deleted, unless it is set. */
  readonly state?: "present" | "deleted" | "any" | undefined;
  readonly limit: number;
}

/** An update that another node has appended. */
export interface FollowedUpdate extends StoredUpdate, Pick<PendingUpdate, "document" | "user"> {}

/** A change of a document that is no update. */
export type ChangeKind = "compacted" | "deleted" | "undeleted" | "purged";

/**
 * Told of what other nodes change in a store that several of them share. Its methods do not throw.
 *
 * Every change is reported at least once, those of one node mostly in order. Updates that are compacted or purged before
 * they are read are not: for them the document is reported as changed.
 */
export interface StoreFollower {
  appended(updates: readonly FollowedUpdate[]): void;
  /** A document was changed otherwise. */
  changed(document: string, kind: ChangeKind): void;
  /** Reports are missing, of whichever documents. */
  missed(): void;
  /**
   * The store may have lost its last changes, of whichever documents: a standby without them has taken over. Nodes append
   * theirs again, under new rows. A document that is missing, or has other rows, was not purged.
   */
  reverted(): void;
}

/** How far a store that several nodes share keeps up, with its own updates and with those of the others. */
export interface StoreHealth {
  /** The time for which the oldest append has waited for its answer, in milliseconds; 0 if none waits. */
  readonly queueAgeMs: number;
  /** The transactions of other nodes that are known to be committed, and are not reported yet. */
  readonly lagBatches: number;
  /** Why clients should rather be served by another node, as sentences without full stops. */
  readonly reasons: readonly string[];
}

/**
 * The kind of a store's failure. `unavailable` (I/O error, locked) and `full` may be temporary: the same call can be
 * retried. `corrupt` is permanent.
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
 * The store of documents, each an append-only log of commuting updates (its update log).
 *
 * Calls about one document take effect in the order in which they are made, and those about all documents after the calls
 * that were made before. Each call either takes effect completely, or fails with `StoreError` and leaves every log
 * unchanged. While a document is read or compacted, an append does not always wait: what is read may contain updates
 * whose appends were made later.
 */
export interface Store {
  /** Reads a document, also a deleted one; undefined for one without appends, or one that was purged. */
  load(document: string): Promise<StoredDocument | undefined>;
  /**
   * The time that should pass from the beginning of one append to that of the next, in milliseconds: what comes meanwhile is
   * better appended together. Undefined: none.
   */
  readonly appendIntervalMs?: number | undefined;
  /**
   * Appends all of `batch` in one transaction, and answers with the row ids in the order of the batch. The batch survives
   * `kill -9` once the answer is there.
   *
   * A store that can, answers synchronously: it returns the row ids, or throws `StoreError`. Otherwise it returns a
   * promise. One store may do both, so a caller that does not need the difference awaits the answer.
   *
   * A store that is cut off from its database may have stored a batch that it rejects. A retry with the same updates,
   * and possibly more behind them, stores them once. An empty batch is answered when the store can be written to.
   *
   * A deleted document stays deleted.
   */
  append(batch: readonly PendingUpdate[]): readonly RowId[] | Promise<readonly RowId[]>;
  /**
   * As `append`, for one update, but only if the last row of its document is `last` (0: the document does not exist) and it is
   * not deleted. Resolves with undefined if not: another node has changed it. Rejects when it is unknown whether the update is
   * stored; followers are then told of the document.
   *
   * Undefined in a store that no other node can change: the caller knows the last row.
   */
  appendIf?(update: PendingUpdate, last: RowId): Promise<RowId | undefined>;
  /**
   * Whether `rows`, the base and rows of the tail, are all rows of a document up to the last one of them. Undefined in a store
   * that no other node can change.
   */
  hasAllRows?(document: string, rows: readonly RowId[]): Promise<boolean>;
  /**
   * Resolves when all appends and compactions that were answered before the call survive a power loss, as far as the
   * store's medium does, and are where the next start looks for them. Does not block the event loop. One call at a time.
   *
   * After a rejection it is unknown what is on disk, and the next sync of the same file would not tell either. The next
   * call therefore writes again everything that is not known to be on disk.
   */
  durable(): Promise<void>;
  /**
   * Replaces exactly `compaction.rows` of one document by its base, and resolves with the base's row.
   *
   * Rows appended meanwhile stay as the tail. If a row no longer exists (the document was purged), the call rejects
   * and changes nothing.
   */
  compact(document: string, compaction: Compaction): Promise<RowId>;
  /** With an `order` every document is looked at, which may take seconds, but does not block the event loop. */
  list(page: Page): Promise<readonly DocumentInfo[]>;
  /** The facts of one document, also a deleted one; undefined as for `load`. */
  info(document: string): Promise<DocumentInfo | undefined>;
  /**
   * Marks a document as deleted; its log stays. Idempotent: the time of the first deletion stays. Returns false if there is
   * no such document.
   */
  delete(document: string): Promise<boolean>;
  /** Takes a deletion back. Idempotent. Returns false if there is no such document. */
  undelete(document: string): Promise<boolean>;
  /**
   * Removes a document with its log, and returns whether it was there. Its bytes may stay in the store's files until
   * `scrub`. With `deletedUntil` (epoch milliseconds) only a document that was deleted at that time or before: another node
   * may take a deletion back meanwhile.
   */
  purge(document: string, deletedUntil?: number): Promise<boolean>;
  /**
   * Overwrites what purges and compactions have left in the store's files: when it resolves, no byte of a document that
   * was purged before the call is in them. The event loop is blocked for a few milliseconds at a time. A store whose
   * files are those of a database server does nothing.
   */
  scrub(): Promise<void>;
  /**
   * Reports what other nodes change, from before the time at which this resolves: a document that is loaded later is known
   * completely. Changes that the node has read itself, in a load, may not be reported. Updates of this node are if their
   * append was rejected, they are stored all the same, and no retry has said so. Called once; ends with the store.
   *
   * Undefined in a store that no other node can change.
   */
  follow?(follower: StoreFollower): Promise<void>;
  /** Undefined in a store whose answers depend on no other machine. */
  health?(): StoreHealth;
  /** The history of the documents; undefined in a store that keeps none. */
  readonly history?: HistoryStore | undefined;
  /**
   * Closes the store. Resolves when all data is written and the files are closed, and rejects if the next start would
   * not find it. No call may follow.
   */
  close(): Promise<void>;
}
