import type { SQL } from "bun";
import type { ChangeKind, FollowedUpdate } from "../../store.ts";
import { bytesOf } from "../documents/bytes-of.ts";
import { isOutcomeUnknown } from "../postgres-errors.ts";

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
  /** The time at which the database server was started: another one is another server, or was started again. */
  readonly startedAt: number;
}

export async function readHeads(sql: SQL): Promise<Heads> {
  const rows = await sql<
    { readonly at: number; readonly startedAt: number; readonly id: number | null; readonly head: number }[]
  >`
    SELECT extract(epoch FROM at)::float8 * 1000 AS at, extract(epoch FROM started)::float8 * 1000 AS "startedAt",
      id::float8, head::float8
    FROM (SELECT now() AS at, pg_postmaster_start_time() AS started) AS server LEFT JOIN yurt_writers ON true`;
  const heads = rows.flatMap(({ head, id }) => (id === null ? [] : [[id, head] as const]));
  return { byWriter: new Map(heads), at: rows[0]?.at ?? 0, startedAt: rows[0]?.startedAt ?? 0 };
}

/**
 * The timeline of the database, which is another one after a standby has taken over. Undefined where the database does not
 * tell it.
 */
export async function readTimeline(sql: SQL): Promise<string | undefined> {
  try {
    const [found] = await sql<{ readonly timeline: string }[]>`
      SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline`;
    return found?.timeline;
  } catch (error) {
    if (isOutcomeUnknown(error)) throw error;
    return undefined;
  }
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
  // A writer that writes again registers anew. One that writes now may wait for another one: waiting for it is a deadlock.
  await sql`DELETE FROM yurt_writers WHERE id IN (
    SELECT id FROM yurt_writers WHERE beat < now() - ${keptMs}::float8 * interval '1 ms' FOR UPDATE SKIP LOCKED)`;
}
