import type { AccessContent } from "../access/access-content.ts";
import type { Rows } from "./tables.ts";

/** A document, and how much is stored of it. */
export interface SizedDocument {
  readonly name: string;
  /** As `sizeOf` counts, the rows of all tables together. */
  readonly bytes: number;
}

/** Tells whether a transfer that is resumed has the same source as before. */
export interface SourceIdentity {
  /** The place of the source, without secrets. */
  readonly place: string;
  /** The last row id that may be in use. */
  readonly lastRow: number;
}

/** How far a transfer has come. */
export interface Progress {
  /** The last document that is copied, in the order of the names; undefined before the first. */
  readonly after: string | undefined;
  /** Whether the tables of the server are copied. */
  readonly hasServer: boolean;
}

/** A transfer that cannot begin, or go on. The message is one or more sentences, with a remedy. */
export class TransferRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TransferRefused";
  }
}

/**
 * Everything that a server keeps of documents. Nobody else changes it until `close`.
 *
 * Names are ordered by their UTF-8 bytes. All methods reject with `StoreError` when the store fails.
 */
export interface TransferSource {
  identify(): Promise<SourceIdentity>;
  countDocuments(): Promise<number>;
  /** The documents after a name, deleted ones included. */
  documents(after: string | undefined, limit: number): Promise<readonly SizedDocument[]>;
  /**
   * Reads all rows of some documents, which are in the order of their names: table by table in the order of
   * `documentTables`, each in the order of the names, and of `Table.order`. A part of the documents is in memory at once,
   * of one document at least a row.
   */
  read(documents: readonly string[]): AsyncIterable<Rows>;
  /** Reads all rows of `serverTables`, table by table. */
  readServer(): AsyncIterable<Rows>;
  /** Reads the secrets, revocations and API keys, without revocations that end before a time (epoch milliseconds). */
  readAccess(now: number): Promise<AccessContent>;
  /** Releases the source. */
  close(): Promise<void>;
}

/** An empty place that takes everything of a source. No server uses it until the transfer is finished. */
export interface TransferTarget extends TransferSource {
  /**
   * Begins the transfer, or finds out how far the same one has come. Rejects with `TransferRefused` if the target holds
   * anything else.
   */
  begin(source: SourceIdentity): Promise<Progress>;
  /** Adds rows of documents, the last of which is `after`: all together, or none. */
  write(after: string, rows: AsyncIterable<Rows>): Promise<void>;
  /** Adds the rows of the server, all together or none. New rows of documents get ids above `lastRow`. */
  writeServer(lastRow: number, rows: AsyncIterable<Rows>): Promise<void>;
  /** Adds secrets, revocations and API keys as far as they are missing. Rejects with `AccessConflict`. */
  addAccess(content: AccessContent): Promise<void>;
  /** Makes everything durable, and lets servers use the target. Called last. */
  finish(): Promise<void>;
}
