import { Database } from "bun:sqlite";
import { join } from "node:path";
import { liveEntries } from "../../../src/storage/sqlite/journal/live-entries.ts";

/** The rows of a data folder's update log, those in the journal included, read while the server runs. */
export function storedRows(dataFolder: string): number {
  const { updates, live } = placesOf(join(dataFolder, "yurt.db"));
  return updates + live;
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
