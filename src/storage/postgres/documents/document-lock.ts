import type { SQL } from "bun";

/**
 * Locks a document until the transaction ends: no other transaction, of this node or another one, appends to it, compacts
 * or purges it meanwhile. As in `insertBatch`.
 *
 * The statement that locks sees the database as it was before it has waited; the next one sees what others have committed.
 */
export async function lockDocument(name: string, transaction: SQL): Promise<void> {
  await transaction`SELECT pg_advisory_xact_lock(hashtextextended(${name}::text, 7))`;
}
