import { percentDecode } from "../../lib/percent-decode.ts";
import { type DocumentSource, type SourceDocument, SourceError } from "../source.ts";
import { type LevelDb, readLevelDb } from "./leveldb/database.ts";
import { decodeKey } from "./y-leveldb-key.ts";

/** One update of a document, which has this name in the database. */
interface StoredUpdate {
  readonly storedName: string;
  readonly update: Uint8Array;
}

/**
 * The folder of y-leveldb (0.1 and 0.2), as y-websocket's server keeps it. Throws `SourceError`.
 *
 * That server takes for a document's name what stands in the URL, percent-encoded: it is decoded here, as in the URLs of
 * this server.
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

  /** The updates of a document follow one another: the keys begin with its name. */
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
        // What was not asked for.
        while (!next.done && next.value.storedName === storedName) next = updates.next();
      }
    } finally {
      updates.return(undefined);
    }
    this.#remarkOnTheRest();
  }

  *#updates(): Generator<StoredUpdate, undefined> {
    for (const { key, value } of this.#database.entries()) {
      const decoded = decodeKey(key);
      if (decoded.kind === "update") yield { storedName: decoded.name, update: value };
      if (decoded.kind === "meta") this.#hasMeta = true;
      if (decoded.kind === "foreign") this.#foreignEntries += 1;
    }
    return undefined;
  }

  /**
   * Two names there can be one here. Shorter ones come first, and what is not encoded is shorter: the others stay as they
   * are.
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
    if (this.#hasMeta) this.#remarks.push("What was put beside documents with setMeta is not taken over.");
    if (this.#foreignEntries === 0) return;
    throw new SourceError(`${this.#folder} holds what y-leveldb does not write: ${this.#foreignEntries} entries.`);
  }
}
