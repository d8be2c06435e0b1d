import type { SQL } from "bun";
import { systemClock } from "../../lib/time/clock.ts";
import { type Connections, type ConnectionsOptions, openConnections, pooledConnections } from "./connections.ts";
import { DatabaseUnusable } from "./database-unusable.ts";
import { explained } from "./explain-error.ts";
import { Doorbell } from "./feed/doorbell.ts";
import { migrate, schema } from "./migrations.ts";
import { repeatWhileBroken } from "./postgres-errors.ts";
import { refuseDuringTransfer } from "./transfer/transfer-lock.ts";

/** A setting of the database that an operator should know of. */
export interface DatabaseWarning {
  readonly event: string;
  readonly remedy: string;
  /** The connections that are free. */
  readonly free?: number;
}

/** A database whose tables are those of this release. Whatever a node keeps in it shares these connections. */
export interface Database extends Connections {
  readonly warnings: readonly DatabaseWarning[];
}

/**
 * Connects to a Postgres database, and creates or migrates its tables.
 *
 * Rejects with `DatabaseUnusable`; nothing is left open then.
 */
export async function openDatabase(options: ConnectionsOptions): Promise<Database> {
  const connections = openConnections(options);
  try {
    const facts = await refuseUnsuitable(connections.pool);
    await migrate(connections.pool, schema);
    await refuseDuringTransfer(connections.pool);
    const warnings = warningsOf(facts);
    return { ...connections, warnings };
  } catch (error) {
    await connections.close();
    throw explained(error, connections.place);
  }
}

/**
 * Finds out whether a server could use a database, and changes nothing in it. Returns what an operator should know.
 *
 * Rejects as `openDatabase`, and if notifications do not arrive.
 */
export async function examineDatabase(options: ConnectionsOptions): Promise<Pick<Database, "place" | "warnings">> {
  const connections = openConnections(options);
  const doorbell = new Doorbell("yurt_examination", connections.pool);
  try {
    const facts = await refuseUnsuitable(connections.pool);
    await doorbell.listen(() => {}, systemClock);
    return { place: connections.place, warnings: warningsOf(facts) };
  } catch (error) {
    throw explained(error, connections.place);
  } finally {
    await doorbell.close();
    await connections.close();
  }
}

export interface DatabaseFacts {
  readonly encoding: string;
  readonly isReadOnly: boolean;
  readonly synchronousCommit: string;
  readonly fsync: string;
  readonly connections: number;
  /** Those that the user may have in the end. */
  readonly maxConnections: number;
}

/**
 * The connections of a node: one for appends, the pool, one that listens, one for its lead, two of the bus. During an
 * upgrade a node starts before its predecessor has ended.
 */
export const connectionsOfNode = 5 + pooledConnections;

/** Reads the settings of a database. Throws `DatabaseUnusable` if it cannot be used. */
export async function refuseUnsuitable(sql: SQL): Promise<DatabaseFacts> {
  const facts = await repeatWhileBroken(() => readFacts(sql));
  const fault = faultOf(facts);
  if (fault !== undefined) throw new DatabaseUnusable(fault);
  return facts;
}

async function readFacts(sql: SQL): Promise<DatabaseFacts> {
  const [found] = await sql<DatabaseFacts[]>`
    SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS "isReadOnly",
      current_setting('synchronous_commit') AS "synchronousCommit", current_setting('fsync') AS fsync,
      (SELECT sum(numbackends) FROM pg_stat_database)::float8 AS connections,
      current_setting('max_connections')::float8 - current_setting('superuser_reserved_connections')::float8
        AS "maxConnections"`;
  if (found === undefined) throw new DatabaseUnusable("The database has not answered. Start again.");
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

function warningsOf({ connections, fsync, maxConnections }: DatabaseFacts): readonly DatabaseWarning[] {
  const free = Math.max(0, maxConnections - connections);
  return [
    ...(fsync === "off"
      ? [
          {
            event: "database-fsync-off",
            remedy: "Set fsync to on: with off, a crash of the database's machine can lose all documents",
          },
        ]
      : []),
    ...(free < 2 * connectionsOfNode
      ? [
          {
            event: "database-connections-low",
            free,
            remedy: `A node uses up to ${connectionsOfNode}, and as many again while it is replaced. Raise max_connections`,
          },
        ]
      : []),
  ];
}
