import type { HistoryPart, Sequence } from "./history/history-store.ts";

/** The formats that can be imported: Yurt's own export, and the storage of other servers. */
export const sourceFormats = ["ndjson", "hocuspocus-sqlite", "y-leveldb"] as const;

export type SourceFormat = (typeof sourceFormats)[number];

/** An update that is too large to be read. */
export interface OversizedUpdate {
  readonly bytes: number;
}

/** One document of a source. */
export interface SourceDocument {
  /** The name by which clients open the document. */
  readonly name: string;
  /**
   * The document's Yjs updates, V1, as stored and not validated.
   *
   * They are read on demand, so that not all are in memory at once. One that is larger than the source may return is
   * not read. The iterable can be read at most once, and only
   * until the next document is requested. Throws as `documents`.
   */
  readonly updates: Iterable<Uint8Array | OversizedUpdate>;
  /** Its history in an export of Yurt; undefined if the source has none. */
  readonly history?: SourceHistory | undefined;
}

/** The history of a document in a source. */
export interface SourceHistory {
  /** The last update of the document in the store that it comes from. */
  readonly until: Sequence;
  /** Read on demand, after the updates and only until the next document is requested. Throws as `documents`. */
  readonly parts: Iterable<HistoryPart>;
}

/** Documents on disk: what another server has stored, or an export. The source is never modified. */
export interface DocumentSource {
  /**
   * Yields every document, one at a time. If a name comes again, its updates belong to the same document.
   *
   * May be called once. Files stay open until the iteration ends or is stopped. Throws `SourceError` if it cannot
   * continue, and at the end if the source holds entries that are not documents.
   */
  documents(): Iterable<SourceDocument>;
  /** Remarks about the source, in sentences. The list is complete once all documents have been read. */
  readonly remarks: readonly string[];
}

/** A source cannot be read. The message names the file and the reason, in sentences. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceError";
  }
}
