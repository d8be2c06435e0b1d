import type { SQL } from "bun";
import type { ChangeKind, FollowedUpdate } from "../../store.ts";
import { bytesOf } from "../documents/bytes-of.ts";

/** The batches of one writer from after a number up to another one. */
export interface BatchRange {
  readonly writer: number;
  readonly after: number;
  readonly until: number;
}

/** The content of batches, in their order. */
export interface Batches {
  readonly updates: readonly FollowedUpdate[];
  /** The changes that are no updates. */
  readonly changes: readonly DocumentChange[];
}

interface DocumentChange {
  readonly document: string;
  readonly kind: ChangeKind;
}

/** The numbers of the last batches, by writer, at one time. */
export interface Heads {
  readonly byWriter: ReadonlyMap<number, number>;
  /** The time of the database, in milliseconds: what is old is removed by it. */
  readonly at: number;
}

export async function readHeads(sql: SQL): Promise<Heads> {
  const rows = await sql<{ readonly at: number; readonly id: number | null; readonly head: number }[]>`
    SELECT extract(epoch FROM at)::float8 * 1000 AS at, id::float8, head::float8
    FROM (SELECT now() AS at) AS time LEFT JOIN yurt_writers ON true`;
  const heads = rows.flatMap(({ head, id }) => (id === null ? [] : [[id, head] as const]));
  return { byWriter: new Map(heads), at: rows[0]?.at ?? 0 };
}

/** Reads committed batches, as far as no compaction and no purge has removed their updates. */
export async function readBatches({ writer, after, until }: BatchRange, sql: SQL): Promise<Batches> {
  const rows = await sql<
    {
      readonly document: string;
      readonly row: number | null;
      readonly data: Uint8Array;
      readonly user: string | null;
      readonly kind: ChangeKind | null;
    }[]
  >`
    SELECT batch, document, id::float8 AS row, data, "user", NULL AS kind FROM yurt_updates
    WHERE writer = ${writer}::bigint AND batch > ${after}::bigint AND batch <= ${until}::bigint
    UNION ALL
    SELECT batch, document, NULL, NULL, NULL, kind FROM yurt_changes
    WHERE writer = ${writer}::bigint AND batch > ${after}::bigint AND batch <= ${until}::bigint
    ORDER BY batch, row`;
  const updates: FollowedUpdate[] = [];
  const changes: DocumentChange[] = [];
  const compacted = new Set<string>();
  for (const { document, row, data, user, kind } of rows) {
    // One reading of the document finds the last of several compactions.
    if (kind === "compacted" && compacted.has(document)) continue;
    if (kind === "compacted") compacted.add(document);
    if (kind !== null) changes.push({ document, kind });
    else if (row !== null) updates.push({ document, row, update: bytesOf(data), user: user ?? undefined });
  }
  return { updates, changes };
}

/** Removes what no node reads any more. */
export async function removeRead(keptMs: number, sql: SQL): Promise<void> {
  await sql`DELETE FROM yurt_changes WHERE at < now() - ${keptMs}::float8 * interval '1 ms'`;
  // A writer that writes again registers anew.
  await sql`DELETE FROM yurt_writers WHERE beat < now() - ${keptMs}::float8 * interval '1 ms'`;
}
