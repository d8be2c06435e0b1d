import type { SQL } from "bun";
import { type RowId, StoreError } from "../../store.ts";
import { transact } from "../transact.ts";

/** The key of the advisory lock under which one node at a time moves the sequence of rows. */
const sequenceLock = 8_317_042_612;
/** Other nodes may take so many ids while the sequence is moved. */
const margin = 100_000;

/** The last batches of some writers, by writer. Throws `StoreError` if the database is a standby, which may know more later. */
export async function headsOf(writers: Iterable<number>, sql: SQL): Promise<ReadonlyMap<number, number>> {
  const rows = await sql<{ readonly isStandby: boolean; readonly id: number | null; readonly head: number }[]>`
    SELECT pg_is_in_recovery() AS "isStandby", id::float8, head::float8
    FROM (SELECT) AS one LEFT JOIN yurt_writers ON id = ANY(${sql.array([...writers], "BIGINT")})`;
  if (rows[0]?.isStandby !== false) throw new StoreError("unavailable", "The database is a standby.");
  return new Map(rows.flatMap(({ head, id }) => (id === null ? [] : [[id, head] as const])));
}

/** Has no row get an id again that nodes have seen, and that the database has lost. */
export async function skipRows(seen: RowId, sql: SQL): Promise<void> {
  await transact(sql, async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${sequenceLock}::bigint)`;
    await transaction`
      SELECT setval('yurt_rows', ${seen + margin}::bigint) FROM yurt_rows WHERE last_value < ${seen}::bigint`;
  });
}
