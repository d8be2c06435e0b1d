import type { ShownDocument } from "../../../documents/document-schemas.ts";
import type { Addition } from "../../../relay/import/prepare-import.ts";
import type { Moment } from "../../../storage/history/history-store.ts";
import type { SourceHistory } from "../../../storage/source.ts";
import type { StoredDocument } from "../../../storage/store.ts";

/** Which documents are listed. */
export interface Selection {
  readonly prefix: string;
  readonly isDeleted: boolean;
}

/**
 * `unchanged`: the document is as it was then. `missing`: there is no such document, or it is deleted. `unknown-moment`: the
 * history does not have the moment.
 */
export type RestoreOutcome = "restored" | "unchanged" | "missing" | "unknown-moment";

export interface RestoreOrder {
  readonly moment: Moment;
  /** Whether nothing is written. */
  readonly isDry: boolean;
}

/**
 * The documents that a command works on: those of a running server, or of a folder that no server uses. What a method has
 * done is on disk when it resolves, if it does not say otherwise.
 *
 * All methods reject with `StoreError` or with an error whose message is for people.
 */
export interface ReachedDocuments {
  /** Undefined for a folder; else the URL of the server. */
  readonly serverUrl: string | undefined;
  /** The documents in the order of their names, a page at a time; none of the pages is empty. */
  pages(selection: Selection): AsyncGenerator<readonly ShownDocument[]>;
  /** The facts of a document, also of a deleted one. */
  info(name: string): Promise<ShownDocument | undefined>;
  /** As `Store.load`; a server answers with one update, which has everything. */
  load(name: string): Promise<StoredDocument | undefined>;
  /** The document at a moment as one update, without content that was deleted by then. */
  readAt(name: string, moment: Moment): Promise<Uint8Array | "missing" | "unknown-moment">;
  /** The lines of the history of a document up to its sequence; see `document-lines.ts`. */
  historyLines(facts: Pick<ShownDocument, "name" | "sequence">): AsyncGenerator<string>;
  /**
   * Adds the verified updates to a document; the state before becomes a version. A document that is new gets the
   * history, if there is one. On disk after `durable`.
   */
  add(name: string, addition: Addition, history?: SourceHistory): Promise<void>;
  durable(): Promise<void>;
  /** Creates a document with its first update. False if it exists, also as a deleted one. */
  create(name: string, update: Uint8Array): Promise<boolean>;
  /** Makes a document as it was at a moment, by an edit. The state before becomes a version. */
  restore(name: string, order: RestoreOrder): Promise<RestoreOutcome>;
  /** Idempotent. False if there is no such document; likewise the next two. */
  delete(name: string): Promise<boolean>;
  undelete(name: string): Promise<boolean>;
  /**
   * Deletes documents that are to be purged, and resolves when no server has them open: an update that waits on one of them
   * would create its document again. Skips names that no document has.
   */
  preparePurge(names: Iterable<string>): Promise<void>;
  purge(name: string): Promise<boolean>;
  close(): Promise<void>;
}
