import { dirname } from "node:path";
import { systemClock } from "../../../lib/time/clock.ts";
import type { AccessContent } from "../../access/access-content.ts";
import { readFolderAccess } from "../../access/folder-access.ts";
import type { Rows } from "../../transfer/tables.ts";
import type { SizedDocument, SourceIdentity } from "../../transfer/transfer-ends.ts";
import { translateErrors } from "../sqlite-errors.ts";
import type { DatabaseRows } from "./database-rows.ts";

export interface FolderReadingOptions {
  /** The database, when it is complete. Access control is in files beside it. */
  readonly file: string;
  /** The file, as another run of the transfer would name it. */
  readonly place: string;
  readonly rows: DatabaseRows;
}

/** Reads everything of a data folder: to copy it, or to compare the copy. */
export class FolderReading {
  readonly #options: FolderReadingOptions;

  constructor(options: FolderReadingOptions) {
    this.#options = options;
  }

  async identify(): Promise<SourceIdentity> {
    return { place: this.#options.place, lastRow: translateErrors(() => this.#options.rows.lastRow()) };
  }

  async countDocuments(): Promise<number> {
    return translateErrors(() => this.#options.rows.countDocuments());
  }

  async documents(after: string | undefined, limit: number): Promise<readonly SizedDocument[]> {
    return translateErrors(() => this.#options.rows.documents(after, limit));
  }

  read(documents: readonly string[]): AsyncIterable<Rows> {
    return translated(this.#options.rows.read(documents));
  }

  readServer(): AsyncIterable<Rows> {
    return translated(this.#options.rows.readServer());
  }

  readAccess(now: number): Promise<AccessContent> {
    return readFolderAccess(dirname(this.#options.file), { ...systemClock, now: () => now });
  }
}

/** The same parts, with errors of SQLite as `StoreError`. */
async function* translated(parts: Iterator<Rows>): AsyncGenerator<Rows> {
  for (;;) {
    const next = translateErrors(() => parts.next());
    if (next.done === true) return;
    yield next.value;
  }
}
