/** Of which other servers documents can be taken over, by how these keep them. */
export const sourceFormats = ["hocuspocus-sqlite", "y-leveldb"] as const;

export type SourceFormat = (typeof sourceFormats)[number];

/** One document of another server. */
export interface SourceDocument {
  /** What its clients call it. */
  readonly name: string;
  /**
   * Its Yjs updates, V1, as they lie there: nobody has looked at them.
   *
   * Read as they are asked for, so that not all are in memory at once; to be read at most once, and before the next
   * document is asked for. Throws as `documents`.
   */
  readonly updates: Iterable<Uint8Array>;
}

/** The documents that another server has left on disk. Of what is there nothing is changed. */
export interface DocumentSource {
  /**
   * Every document, one at a time; one that comes again is to be added to itself.
   *
   * To be called once. Files are open only until the end of the iteration, or until it is broken off. Throws
   * `SourceError` where it cannot go on, and at its end when something was there that is no document.
   */
  documents(): Iterable<SourceDocument>;
  /** What there is to say of the source besides its documents, in sentences; complete when all of them were given. */
  readonly remarks: readonly string[];
}

/** A source cannot be read: which file of it and why, in sentences. */
export class SourceError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SourceError";
  }
}
