/** A moment of a document by its updates: after the one with this row id (`RowId` of the store). */
export type Sequence = number;

/** The sender of an update, and the time at which it was appended. */
export interface UpdateOrigin {
  readonly row: Sequence;
  /** Epoch milliseconds; undefined if a release without these times has stored the update. */
  readonly at: number | undefined;
  /** The id of the user; undefined if unknown. */
  readonly user: string | undefined;
}

/** An update with its origin. */
export interface OriginatedUpdate extends UpdateOrigin {
  /** A Yjs update, V1. */
  readonly update: Uint8Array;
}

/** The facts that a compaction needs to go on with a document's history. */
export interface HistoryProgress {
  /** Whether the history ends where the document's tail begins. */
  readonly reachesBase: boolean;
  /** The last update that the base has; undefined without a base, or if that is not known. */
  readonly baseEnd: Sequence | undefined;
  /** The bytes of the last snapshot; 0 if there is none. */
  readonly snapshotBytes: number;
  /** The bytes of the segments since the last snapshot. */
  readonly bytesSinceSnapshot: number;
  /** The last update of the history; undefined if there is none, or one that does not reach the base. */
  readonly last: UpdateTime | undefined;
  /** The last version; undefined if there is none. */
  readonly lastVersion: UpdateTime | undefined;
  /** The users of the updates of the history since that version. */
  readonly users: readonly string[];
  /** The sequences of versions in the tail, in ascending order. */
  readonly versions: readonly Sequence[];
  /** The updates of the tail, in the order of their rows. */
  readonly tail: readonly UpdateOrigin[];
}

export interface UpdateTime {
  readonly sequence: Sequence;
  /** Epoch milliseconds; 0 if unknown. */
  readonly at: number;
}

/** A version that was made without a request: after a pause, or after a time of activity. */
export interface AutomaticVersion extends UpdateTime {
  /** The users who have changed the document since the version before, without those unknown. */
  readonly users: readonly string[];
}

/** The addition to a document's history that a compaction makes of the rows that it replaces. */
export interface HistoryAddition {
  /** The document before these rows; undefined if the history reaches the base. As `HistorySnapshot`. */
  readonly start: HistorySnapshot | undefined;
  readonly segment: HistorySegment;
  /** The document after these rows, when it is time for a snapshot. */
  readonly end: HistorySnapshot | undefined;
  readonly versions: readonly AutomaticVersion[];
}

/** All content that was added between two moments of a document, also what was deleted between them. */
export interface HistorySegment {
  /** The row of the last update. */
  readonly last: Sequence;
  /** The times of the first and the last update, in epoch milliseconds; 0 if unknown. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** The encoded marks (`relay/history/marks.ts`), compressed. Opaque to the store. */
  readonly marks: Uint8Array;
  /** A Yjs update, V2, compressed. Opaque to the store. */
  readonly data: Uint8Array;
  /** The users of its updates since the last version. */
  readonly users: readonly string[];
}

/** A document at one moment, without the content that was deleted by then. */
export interface HistorySnapshot extends UpdateTime {
  /** A Yjs update, V2, compressed. Opaque to the store. */
  readonly data: Uint8Array;
}

/** A moment in the life of a document: after all updates up to a row, or up to a time (epoch milliseconds). */
export type Moment = { readonly sequence: Sequence } | { readonly at: number };

/** The stored parts of a document up to a moment. */
export type StoredMoment =
  | {
      readonly kind: "history";
      readonly snapshot: HistorySnapshot;
      /** The segments after the snapshot, the last of which contains the moment or ends there. */
      readonly segments: readonly HistorySegment[];
    }
  /** The moment is in the tail, or after it: `updates` are the base and the tail up to the moment. */
  | {
      readonly kind: "updates";
      readonly updates: readonly Uint8Array[];
      /** The last update of these, or the one that the base ends with. */
      readonly last: UpdateTime;
    }
  /** The document was changed at that time, and no history of it is kept. */
  | { readonly kind: "unknown" };

/** The marks of a segment, without its data. */
export type SegmentMarks = Omit<HistorySegment, "data" | "users">;

/** The stored facts about the updates of a document in a range of time. */
export interface StoredActivity {
  /** The segments that overlap the range, in order. */
  readonly segments: readonly SegmentMarks[];
  /** The updates of the tail. */
  readonly tail: readonly OriginatedUpdate[];
}

/** A label for a moment of a document. */
export interface StoredVersion extends UpdateTime {
  /** 0 for an automatic version; the others of the same sequence are numbered from 1. */
  readonly number: number;
  /** Undefined for an automatic version without a name. */
  readonly name: string | undefined;
  readonly users: readonly string[];
  /** The id of the user or key who has made it; undefined for an automatic one. */
  readonly createdBy: string | undefined;
}

/** A part of a document's history, as it is copied to another store. */
export type HistoryPart =
  | { readonly kind: "segment"; readonly segment: HistorySegment }
  | {
      readonly kind: "snapshot";
      readonly snapshot: HistorySnapshot;
      /** Whether a history begins there, and no segment leads to it. */
      readonly isStart: boolean;
    }
  | { readonly kind: "version"; readonly version: StoredVersion };

/** Versions from the newest to the oldest. */
export interface VersionPage {
  /** The page begins with the version before this one. */
  readonly before?: Pick<StoredVersion, "sequence" | "number"> | undefined;
  readonly limit: number;
}

/** The extent of a document's history. */
export interface HistoryExtent {
  /** The moment of the first snapshot; undefined if there is no history. */
  readonly first: UpdateTime | undefined;
  readonly segments: number;
  readonly snapshots: number;
  /** The bytes of segments, marks and snapshots. */
  readonly bytes: number;
}

/**
 * The history of documents: what the compactions of `Store.compact` have added to it, and versions.
 *
 * All methods reject with `StoreError` as those of `Store`. Documents that do not exist, and deleted ones, have no
 * history.
 */
export interface HistoryStore {
  progress(document: string): Promise<HistoryProgress | undefined>;
  /** Undefined for a moment before the first that is stored, or a document without history. */
  moment(document: string, moment: Moment): Promise<StoredMoment | undefined>;
  /** The marks of updates from `from` until `to`, in epoch milliseconds, and the tail. */
  activity(document: string, range: { readonly from: number; readonly to: number }): Promise<StoredActivity>;
  extent(document: string): Promise<HistoryExtent>;
  versions(document: string, page: VersionPage): Promise<readonly StoredVersion[]>;
  version(document: string, id: Pick<StoredVersion, "sequence" | "number">): Promise<StoredVersion | undefined>;
  /** The number of versions that have a name. */
  countNamed(document: string): Promise<number>;
  /** Adds a version with the next number of its sequence, and resolves with it; undefined if there is no such document. */
  addVersion(document: string, version: Omit<StoredVersion, "number">): Promise<StoredVersion | undefined>;
  /** Replaces a version, or adds it. Resolves with false if there is no such document. */
  putVersion(document: string, version: StoredVersion): Promise<boolean>;
  /** Resolves with false if there was no such version. */
  deleteVersion(document: string, id: Pick<StoredVersion, "sequence" | "number">): Promise<boolean>;
  /** Removes automatic versions without a name. */
  deleteAutomatic(document: string, sequences: readonly Sequence[]): Promise<void>;
  /**
   * The end of the last segment that ends before a time, for `shorten`; with `isInclusive`, of the last one that begins
   * before it. Undefined if there is none.
   */
  expired(document: string, before: number, isInclusive?: boolean): Promise<ExpiredHistory | undefined>;
  /**
   * Makes the history begin with `snapshot`, whose sequence is the end of a segment: removes everything before. Does
   * nothing if no segment ends there any more, because the history was erased or the document purged meanwhile.
   */
  shorten(document: string, snapshot: HistorySnapshot): Promise<void>;
  /**
   * Removes the whole history with its versions; the next compaction begins a new one. With `until`, the end of its last
   * segment, versions from there on stay, and nothing is done if another segment is the last one.
   */
  erase(document: string, until?: Sequence): Promise<void>;
  /**
   * All parts of a document's history: first the segments, then the snapshots, then the versions. A part that is added or
   * removed meanwhile may be among them or not.
   */
  parts(document: string): AsyncIterable<HistoryPart>;
  /**
   * Makes the rows of later appends come after `until`, and leaves at least one number free, so that a document that is
   * created then can have the parts of another store's history up to there.
   */
  expectParts(until: Sequence): Promise<void>;
  /**
   * Adds a part to the history of a document, or replaces it. Its sequence is below the document's own rows.
   *
   * Does nothing if the document was not created at `createdAt`: it has been purged, and another one has its name.
   */
  addPart(document: string, part: HistoryPart, createdAt?: number): Promise<void>;
  /** Documents whose history begins before a time, by the ends of its segments: some may come twice. */
  endedBefore(before: number, after: EndedSegment | undefined, limit: number): Promise<readonly EndedSegment[]>;
}

export interface ExpiredHistory {
  readonly last: UpdateTime;
  /** Whether nothing of the history is newer. */
  readonly isAll: boolean;
}

/** The end of a segment of a document. */
export interface EndedSegment {
  readonly name: string;
  /** The document's number in the store. */
  readonly document: number;
  readonly endedAt: number;
}
