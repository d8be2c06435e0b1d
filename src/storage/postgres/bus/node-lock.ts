import type { SQL } from "bun";
import type { NodeId } from "../../../cluster/bus.ts";

/** Locks with two keys are never those of documents, which have one. */
const nodeLocks = 831_702;

/**
 * Holds the lock of a node for as long as the session lives. When the process of the node is killed, the session ends at once,
 * and the lock is free. A former session of the node may hold it as well: Postgres does not see that a network is cut.
 */
export async function holdLock(node: NodeId, sql: SQL): Promise<void> {
  await sql`SELECT pg_advisory_lock_shared(${nodeLocks}::int, hashtext(${node}::text))`;
}

/** The nodes, of those given, that have no session. */
export async function withoutSession(nodes: readonly NodeId[], sql: SQL): Promise<ReadonlySet<NodeId>> {
  const rows = await sql<{ readonly id: NodeId }[]>`
    SELECT id FROM unnest(${sql.array([...nodes], "TEXT")}) AS nodes (id)
    WHERE pg_try_advisory_xact_lock(${nodeLocks}::int, hashtext(id))`;
  return new Set(rows.map(({ id }) => id));
}
