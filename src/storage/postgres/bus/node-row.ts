import type { SQL } from "bun";
import type { NodeId } from "../../../cluster/bus.ts";
import { removeOldValues } from "../transact-with-values.ts";
import { withoutSession } from "./node-lock.ts";

/** A node as the table of nodes shows it. */
export interface NodeFacts {
  readonly node: NodeId;
  /** The version of its release. */
  readonly release: string;
  /** The version of what nodes tell each other: releases with the same one understand each other completely. */
  readonly protocol: number;
}

/** Says in the table that a node runs. */
export async function beatInTable({ node, protocol, release }: NodeFacts, sql: SQL): Promise<void> {
  await sql`INSERT INTO yurt_nodes (id, release, protocol) VALUES (${node}, ${release}, ${protocol}::int)
    ON CONFLICT (id) DO UPDATE SET beat = now()`;
}

/** The other nodes that have said that they run, within the last `withinMs` by the clock of the database, and were not killed. */
export async function runningBesides(node: NodeId, withinMs: number, sql: SQL): Promise<ReadonlySet<NodeId>> {
  const rows = await sql<{ readonly id: NodeId }[]>`
    SELECT id FROM yurt_nodes WHERE id <> ${node} AND beat > now() - ${withinMs}::float8 * interval '1 ms'`;
  const nodes = rows.map(({ id }) => id);
  const killed = nodes.length === 0 ? undefined : await withoutSession(nodes, sql);
  return new Set(nodes.filter((id) => killed?.has(id) !== true));
}

export async function removeNode(node: NodeId, sql: SQL): Promise<void> {
  await sql`DELETE FROM yurt_nodes WHERE id = ${node}`;
}

/** Removes nodes that have ended without saying so, and values that nobody needs any more. */
export async function removeOld(sql: SQL): Promise<void> {
  await removeOldValues(sql);
  await sql`DELETE FROM yurt_spill WHERE at < now() - interval '1 minute'`;
  await sql`DELETE FROM yurt_nodes WHERE beat < now() - interval '10 minutes'`;
}
