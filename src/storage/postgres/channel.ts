import type { SQL } from "bun";

/**
 * The channel of the nodes that share the tables, for one purpose. Notifications reach everybody in the database, whose
 * other schemas may have nodes of their own: without rights on the tables nobody knows its name.
 */
export async function channelOf(purpose: "bus" | "batches", sql: SQL): Promise<string> {
  await sql`INSERT INTO yurt_meta (key, value) VALUES ('cluster', gen_random_uuid()::text) ON CONFLICT DO NOTHING`;
  const [found] = await sql<{ readonly value: string }[]>`SELECT value FROM yurt_meta WHERE key = 'cluster'`;
  return `yurt_${purpose}_${found?.value}`;
}
