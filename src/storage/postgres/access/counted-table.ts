import type { SQL } from "bun";

/** A table of access control that every node has a copy of, in memory. Its changes are counted in `yurt_access`. */
export type CountedTable = "revocations" | "api-keys";

/** A node's copy of a counted table. */
export interface TableCopy {
  readonly table: CountedTable;
  /**
   * Reads what the copy lacks of `version`, or everything if the table was reset to a state before it: a standby has taken over,
   * or a backup was restored. Not called twice at a time.
   */
  refresh(version: number): Promise<void>;
}

/** The number of changes of each table that are committed. */
export async function readVersions(sql: SQL): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<{ readonly name: string; readonly version: number }[]>`
    SELECT name, version::float8 FROM yurt_access`;
  return new Map(rows.map(({ name, version }) => [name, version]));
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
