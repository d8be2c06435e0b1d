import type { SQL } from "bun";
import { StoreError } from "../store.ts";
import { type Connections, type ConnectionsOptions, openConnections } from "./connections.ts";
import { migrate, schema } from "./migrations.ts";
import { translateErrors } from "./postgres-errors.ts";

/** A setting of the database that an operator should know of. */
export interface DatabaseWarning {
  readonly event: string;
  readonly remedy: string;
}

/** A database whose tables are those of this release. Whatever a node keeps in it shares these connections. */
export interface Database extends Connections {
  readonly warnings: readonly DatabaseWarning[];
}

/**
 * Connects to a Postgres database, and creates or migrates its tables.
 *
 * Rejects with `StoreError` if the database cannot be used; nothing is left open then.
 */
export async function openDatabase(options: ConnectionsOptions): Promise<Database> {
  const connections = openConnections(options);
  try {
    const warnings = await translateErrors(async () => {
      const facts = await readFacts(connections.pool);
      const fault = faultOf(facts);
      if (fault !== undefined) throw new StoreError("unavailable", fault);
      await migrate(connections.pool, schema);
      return warningsOf(facts);
    });
    return { ...connections, warnings };
  } catch (error) {
    await connections.close();
    throw error;
  }
}

interface DatabaseFacts {
  readonly encoding: string;
  readonly isReadOnly: boolean;
  readonly synchronousCommit: string;
  readonly fsync: string;
}

async function readFacts(sql: SQL): Promise<DatabaseFacts> {
  const [found] = await sql<DatabaseFacts[]>`
    SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS "isReadOnly",
      current_setting('synchronous_commit') AS "synchronousCommit", current_setting('fsync') AS fsync`;
  if (found === undefined) throw new StoreError("unavailable", "The database has not answered. Start again.");
  return found;
}

/** Why the database cannot hold every name, or does not keep what it has committed; undefined if it does. */
function faultOf({ encoding, isReadOnly, synchronousCommit }: DatabaseFacts): string | undefined {
  if (encoding !== "UTF8") return `The database has the encoding ${encoding}. Create it with UTF8.`;
  if (isReadOnly) return "The database is a standby. Connect to the primary server.";
  // Acknowledged updates would be lost with the machine.
  if (synchronousCommit === "off")
    return "synchronous_commit is off in the database. Set it to on for the user of Yurt.";
  return undefined;
}

function warningsOf({ fsync }: DatabaseFacts): readonly DatabaseWarning[] {
  const remedy = "Set fsync to on: with off, a crash of the database's machine can lose all documents";
  return fsync === "off" ? [{ event: "database-fsync-off", remedy }] : [];
}
