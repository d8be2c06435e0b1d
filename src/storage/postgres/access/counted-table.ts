import type { SQL } from "bun";

/** A table of access control that every node has a copy of, in memory. Its changes are counted in `yurt_access`. */
export type CountedTable = "revocations" | "api-keys";

/** A node's copy of a counted table. */
export interface TableCopy {
  readonly table: CountedTable;
  /** The version that the copy has read. */
  readonly version: number;
  /** Reads what the copy lacks of a version. Not called twice at a time. */
  refresh(version: number): Promise<void>;
  /** Called before `refresh` if the table may have lost changes: that reads everything then. */
  distrust(): Promise<void>;
}

/** The number of changes of each table that are committed. */
export interface Versions {
  readonly byTable: ReadonlyMap<string, number>;
  /** The time at which the database server was started: after another one, the last commits may be lost. */
  readonly serverStartedAt: number;
}

export async function readVersions(sql: SQL): Promise<Versions> {
  const rows = await sql<{ readonly name: string; readonly version: number; readonly startedAt: number }[]>`
    SELECT name, version::float8, extract(epoch FROM pg_postmaster_start_time())::float8 AS "startedAt"
    FROM yurt_access`;
  const byTable = new Map(rows.map(({ name, version }) => [name, version]));
  return { byTable, serverStartedAt: rows[0]?.startedAt ?? 0 };
}

/**
 * Counts a change, as the first statement of its transaction: the changes of a table wait for each other, and the next
 * statement sees all that came before.
 */
export async function countChange(table: CountedTable, transaction: SQL): Promise<number> {
  const [counted] = await transaction<{ readonly version: number }[]>`
    UPDATE yurt_access SET version = version + 1 WHERE name = ${table} RETURNING version::float8`;
  if (counted === undefined) throw new Error(`The table yurt_access has no row for ${table}.`);
  return counted.version;
}
