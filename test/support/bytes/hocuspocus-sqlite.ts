import { Database } from "bun:sqlite";

/** The schema of @hocuspocus/extension-sqlite 2 to 4. */
const table = `CREATE TABLE IF NOT EXISTS "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))`;
const upsert = `INSERT INTO "documents" ("name", "data") VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET data = excluded.data`;

/** Opens a database as Hocuspocus' SQLite extension does. */
export function openHocuspocusDatabase(file: string): Database {
  const database = new Database(file, { create: true, readwrite: true });
  database.run(table);
  return database;
}

export function storeDocument(database: Database, name: string, data: Uint8Array): void {
  database.run(upsert, [name, data]);
}

/** Writes a file in the state in which a stopped server leaves it. */
export function writeHocuspocusFile(file: string, documents: Readonly<Record<string, Uint8Array>>): void {
  const database = openHocuspocusDatabase(file);
  database.transaction(() => {
    for (const [name, data] of Object.entries(documents)) storeDocument(database, name, data);
  })();
  database.close(true);
}
