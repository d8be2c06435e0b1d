import { Database } from "bun:sqlite";
import { join } from "node:path";

/** The rows of a data folder's update log, read while the server runs. */
export function storedRows(dataFolder: string): number {
  const database = new Database(join(dataFolder, "yurt.db"), { readonly: true });
  try {
    const row = database.query<{ count: number }, []>("SELECT count(*) AS count FROM updates").get();
    return row?.count ?? 0;
  } finally {
    database.close(true);
  }
}
