import type { Database } from "bun:sqlite";
import type { RowId, StoredUpdate } from "../../store.ts";
import { type JournalRecord, RecordReader } from "./journal-record.ts";

/** The number of records that are read at once. */
const pageRecords = 64;

/** A live update, with its document. */
export interface LiveEntry extends StoredUpdate {
  /** The document's number. */
  readonly document: number;
  readonly name: string;
  /** The time of its append, in epoch milliseconds; undefined if an earlier release has written it. */
  readonly at: number | undefined;
  /** The id of its user, if known. */
  readonly user: string | undefined;
}

/**
 * Reads all live updates of a database's journal, in the order of their rows. There are none in a database of a release
 * without journal. Throws `StoreError` (corrupt) at a damaged record.
 */
export function* liveEntries(database: Database): Generator<LiveEntry> {
  if (!hasJournal(database)) return;
  const selectPage = database.prepare<JournalRecord, [after: RowId]>(
    `SELECT id, data FROM journal WHERE id > ? ORDER BY id LIMIT ${pageRecords}`,
  );
  const findDocument = database.prepare<{ name: string; folded: RowId }, [id: number]>(
    "SELECT name, folded FROM documents WHERE id = ?",
  );
  const documents = new Map<number, { name: string; folded: RowId } | null>();
  const find = (id: number) => {
    const known = documents.get(id);
    if (known !== undefined) return known;
    const found = findDocument.get(id);
    documents.set(id, found);
    return found;
  };
  try {
    for (let page = selectPage.all(0); page.length > 0; page = selectPage.all(page.at(-1)?.id ?? 0)) {
      for (const record of page) {
        const reader = new RecordReader(record);
        while (reader.next()) {
          const { document, row, update, user } = reader;
          const found = find(document);
          if (found !== null && row > found.folded)
            yield { document, row, update, name: found.name, at: reader.at, user };
        }
      }
    }
  } finally {
    selectPage.finalize();
    findDocument.finalize();
  }
}

function hasJournal(database: Database): boolean {
  const statement = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'journal'");
  try {
    return statement.get() !== null;
  } finally {
    statement.finalize();
  }
}
