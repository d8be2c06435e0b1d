import { percentDecode } from "../../lib/percent-decode.ts";
import { type DocumentSource, type SourceDocument, SourceError } from "../source.ts";
import { type LevelDb, readLevelDb } from "./leveldb/database.ts";
import { decodeKey } from "./y-leveldb-key.ts";

/** One update, and the name of its document in the database. */
interface NamedUpdate {
  readonly storedName: string;
  readonly update: Uint8Array;
}

/**
 * Opens a folder of y-leveldb (0.1 and 0.2), as y-websocket's server stores it. Throws `SourceError`.
 *
 * That server names a document by the percent-encoded text in the URL. The name is decoded here, as Yurt does with its
 * own URLs.
 */
export function openYLeveldb(folder: string): DocumentSource {
  return new YLeveldb(folder, readLevelDb(folder));
}

class YLeveldb implements DocumentSource {
  readonly #folder: string;
  readonly #database: LevelDb;
  readonly #remarks: string[];
  readonly #names = new Set<string>();
  #hasMeta = false;
  #foreignEntries = 0;

  constructor(folder: string, database: LevelDb) {
    this.#folder = folder;
    this.#database = database;
    this.#remarks = [...database.remarks];
  }

  get remarks(): readonly string[] {
    return this.#remarks;
  }

  /** Yields the documents. The updates of each are consecutive, since the keys begin with its name. */
  *documents(): Generator<SourceDocument> {
    const updates = this.#updates();
    let next = updates.next();
    const updatesOf = function* (storedName: string) {
      for (; !next.done && next.value.storedName === storedName; next = updates.next()) yield next.value.update;
    };
    try {
      while (!next.done) {
        const { storedName } = next.value;
        yield { name: this.#nameOf(storedName), updates: updatesOf(storedName) };
        // The consumer may have left updates of this document unread.
        while (!next.done && next.value.storedName === storedName) next = updates.next();
      }
    } finally {
      updates.return(undefined);
    }
    this.#remarkOnTheRest();
  }

  *#updates(): Generator<NamedUpdate, undefined> {
    for (const { key, value } of this.#database.entries()) {
      const decoded = decodeKey(key);
      if (decoded.kind === "update") yield { storedName: decoded.name, update: value };
      if (decoded.kind === "meta") this.#hasMeta = true;
      if (decoded.kind === "foreign") this.#foreignEntries += 1;
    }
    return undefined;
  }

  /**
   * Decodes a name. Two stored names can decode to the same one. Shorter names come first, and an unencoded name is
   * shorter; the later, encoded one stays as it is.
   */
  #nameOf(storedName: string): string {
    const decoded = percentDecode(storedName);
    const isTaken = this.#names.has(decoded);
    const name = isTaken ? storedName : decoded;
    if (isTaken) this.#remarks.push(`${storedName} keeps that name, because there is another document ${decoded}.`);
    this.#names.add(name);
    return name;
  }

  #remarkOnTheRest(): void {
    if (this.#hasMeta) this.#remarks.push("Values that were set with setMeta are not imported.");
    if (this.#foreignEntries === 0) return;
    throw new SourceError(`${this.#folder} holds entries that y-leveldb does not write: ${this.#foreignEntries}.`);
  }
}
