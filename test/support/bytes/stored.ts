import { Database } from "bun:sqlite";
import { join } from "node:path";
import * as Y from "yjs";
import { liveEntries } from "../../../src/storage/sqlite/journal/live-entries.ts";

/** The rows of a data folder's update log, those in the journal included, read while the server runs. */
export function storedRows(dataFolder: string): number {
  const { updates, live } = placesOf(join(dataFolder, "yurt.db"));
  return updates + live;
}

/** The items that the stored updates of a document insert. */
export interface StoredContent {
  /** The clock after the last item of each client. */
  readonly clocks: Readonly<Record<string, number>>;
  /** The sum of the items' lengths: that of the clocks, if nothing is stored twice and nothing is missing. */
  readonly length: number;
}

/** The update log of a document that was not compacted, read while the server runs. */
export function storedContent(dataFolder: string, document: string): StoredContent {
  const database = new Database(join(dataFolder, "yurt.db"), { readonly: true });
  const clocks: Record<string, number> = {};
  let length = 0;
  try {
    database.run("BEGIN");
    const rows = database
      .query<{ data: Uint8Array }, [string]>(
        "SELECT data FROM updates WHERE document = (SELECT id FROM documents WHERE name = ?)",
      )
      .all(document);
    const live = [...liveEntries(database)].filter(({ name }) => name === document);
    for (const update of [...rows.map(({ data }) => data), ...live.map(({ update: entry }) => entry)])
      for (const { id, length: items } of Y.decodeUpdate(update).structs) {
        clocks[id.client] = Math.max(clocks[id.client] ?? 0, id.clock + items);
        length += items;
      }
  } finally {
    database.close(true);
  }
  return { clocks, length };
}

/** Where a database has its updates. */
export interface Places {
  /** The rows of `updates`. */
  readonly updates: number;
  /** The live updates of the journal. */
  readonly live: number;
  /** The records of the journal. */
  readonly records: number;
}

/** Reads a database, which a store may have open. */
export function placesOf(file: string): Places {
  const database = new Database(file, { readonly: true });
  const count = (table: string) =>
    database.query<{ count: number }, []>(`SELECT count(*) AS count FROM ${table}`).get()?.count ?? 0;
  try {
    database.run("BEGIN");
    return { updates: count("updates"), live: [...liveEntries(database)].length, records: count("journal") };
  } finally {
    database.close(true);
  }
}

/** The number of records in the journal of a database, which a store may have open. */
export function recordsIn(file: string): number {
  const database = new Database(file, { readonly: true });
  try {
    return database.query<{ count: number }, []>("SELECT count(*) AS count FROM journal").get()?.count ?? 0;
  } finally {
    database.close(true);
  }
}
