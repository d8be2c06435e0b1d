import { SQL } from "bun";
import { TransferRefused } from "../../transfer/transfer-ends.ts";
import { DatabaseUnusable } from "../database-unusable.ts";

/** The row of yurt_meta that says how far `yurt migrate` has filled the database. */
export const progressKey = "transfer";

/** The SQLSTATE lock_not_available. */
const lockNotAvailable = "55P03";

/** A node that has given no sign of life for this long has ended. */
const nodeTimeoutSeconds = 15;

/**
 * Locks the tables of a schema for this session, so that no node starts. Waits, as long as locks may take, for a session whose
 * process was killed. Throws `TransferRefused`.
 */
export async function lockTransfer(sql: SQL): Promise<void> {
  try {
    await sql`SELECT pg_advisory_lock(hashtextextended(current_schema(), 22))`;
  } catch (error) {
    if (!(error instanceof SQL.PostgresError) || error.errno !== lockNotAvailable) throw error;
    throw new TransferRefused(
      "Another yurt migrate, or a starting server, uses the database. Try again when it has ended.",
    );
  }
}

/** Throws `TransferRefused` if a node uses the database. */
export async function refuseNodes(sql: SQL): Promise<void> {
  const [table] = await sql<{ readonly isThere: boolean }[]>`SELECT to_regclass('yurt_nodes') IS NOT NULL AS "isThere"`;
  if (table?.isThere !== true) return;
  const [node] = await sql<{ readonly seconds: number }[]>`
    SELECT extract(epoch FROM clock_timestamp() - beat)::float8 AS seconds FROM yurt_nodes
    WHERE beat > clock_timestamp() - ${nodeTimeoutSeconds} * interval '1 second' ORDER BY beat DESC LIMIT 1`;
  if (node !== undefined)
    throw new TransferRefused(
      `A Yurt server uses the database: its last sign of life is ${Math.max(0, Math.round(node.seconds))} s old. ` +
        `Stop all servers. After a crash, wait ${nodeTimeoutSeconds} s.`,
    );
}

/** Throws `DatabaseUnusable` for a node that starts while `yurt migrate` reads or fills the database, or has not finished. */
export async function refuseDuringTransfer(sql: SQL): Promise<void> {
  await sql.begin(async (transaction) => {
    const [found] = await transaction<{ readonly isFree: boolean; readonly isFilling: boolean }[]>`
      SELECT pg_try_advisory_xact_lock_shared(hashtextextended(current_schema(), 22)) AS "isFree",
        EXISTS (SELECT FROM yurt_meta WHERE key = ${progressKey}) AS "isFilling"`;
    if (found?.isFree === false)
      throw new DatabaseUnusable("yurt migrate is at work on the database. Start again when it has ended.");
    if (found?.isFilling === true)
      throw new DatabaseUnusable(
        "The database holds a part of the documents: yurt migrate was interrupted. Repeat it, or use another database.",
      );
  });
}
