import type { SQL } from "bun";
import type { RowId } from "../../store.ts";
import type { PackedBatch } from "./packed-batch.ts";

/** The place of a batch among those of one writer. */
export interface BatchPlace {
  readonly writer: number;
  /** The batches of a writer are numbered from 1 without gaps, in the order of their commits. */
  readonly number: number;
}

export interface InsertedBatch {
  /** In the order of the batch. */
  readonly rows: readonly RowId[];
  /** The documents that did not exist. */
  readonly created: readonly string[];
  /** The number of purges, in all documents, when those of the batch were locked. */
  readonly purges: number;
}

/**
 * Inserts a batch that is not empty, in one statement, and creates its documents. Returns no rows, and inserts nothing,
 * unless the writer's last batch is the one before.
 *
 * The documents stay locked until the commit (`lockDocument`), and the rows are numbered under these locks. So the rows
 * of one document ascend in the order of the commits on all nodes: a reader never sees one before a smaller one. All
 * nodes lock in the order of the keys, and never wait for each other in a circle. `rows_after` is read under them as well,
 * before the rows are numbered: they are inserted when `created` is complete.
 *
 * `ON CONFLICT` looks for the document as it is now. The statement itself sees the database as it was before it has
 * waited for the locks, and would find a document that was purged meanwhile.
 *
 * `value` is that of `bytes`, if they are not sent with the statement.
 */
export async function insertBatch(
  { writer, number }: BatchPlace,
  { at, bytes, documents, lengths, starts, users }: PackedBatch,
  sql: SQL,
  value: SQL.Query<unknown> = sql`${bytes}::bytea`,
): Promise<InsertedBatch> {
  const inserted = await sql<
    { readonly row: RowId | null; readonly created: string | null; readonly purges: number | null }[]
  >`
    WITH moved AS (
      UPDATE yurt_writers SET head = ${number}::bigint, beat = now() WHERE id = ${writer}::bigint AND head = ${number - 1}::bigint
      RETURNING head
    ), items AS MATERIALIZED (
      SELECT * FROM unnest(${documents}::text[], ${starts}::int[], ${lengths}::int[], ${users}::text[])
        WITH ORDINALITY AS items (document, start, length, "user", place)
      WHERE EXISTS (SELECT FROM moved)
    ), locked AS MATERIALIZED (
      SELECT pg_advisory_xact_lock(key)
      FROM (SELECT DISTINCT hashtextextended(document, 7) AS key FROM items ORDER BY key) AS keys
    ), ready AS MATERIALIZED (
      SELECT count(*) AS locks, coalesce(pg_sequence_last_value('yurt_purges'), 0)::float8 AS purges FROM locked
    ), created AS (
      INSERT INTO yurt_documents (name, created_at, rows_after)
      SELECT DISTINCT document, ${at}::bigint, (SELECT coalesce(pg_sequence_last_value('yurt_rows'), 0))
      FROM items WHERE (SELECT locks FROM ready) > 0
      ON CONFLICT (name) DO NOTHING
      RETURNING name
    ), inserted AS (
      INSERT INTO yurt_updates (document, id, data, at, "user", writer, batch)
      SELECT document, nextval('yurt_rows'), substr(${value}, start, length), ${at}::bigint, "user",
        ${writer}::bigint, ${number}::bigint
      FROM (SELECT * FROM items WHERE (SELECT locks FROM ready) > 0 AND (SELECT count(*) FROM created) >= 0 ORDER BY place)
        AS ordered
      RETURNING id, document
    ), announced AS (
      INSERT INTO yurt_created_documents (document, sequence, at)
      SELECT document, min(inserted.id) - 1, ${at}::bigint FROM inserted JOIN created ON name = document
      WHERE EXISTS (SELECT FROM yurt_webhooks) GROUP BY document ORDER BY min(inserted.id)
    )
    SELECT id::float8 AS row, NULL AS created, NULL::float8 AS purges FROM inserted UNION ALL SELECT NULL, name, NULL FROM created
    UNION ALL SELECT NULL, NULL, purges FROM ready`;
  return {
    rows: inserted.flatMap(({ row }) => row ?? []).sort((left, right) => left - right),
    created: inserted.flatMap(({ created }) => created ?? []),
    purges: inserted.find(({ purges }) => purges !== null)?.purges ?? 0,
  };
}

/**
 * As `insertBatch`, if all documents of the batch exist: they did after so many purges. Returns no rows, and inserts nothing,
 * if another document was purged since, or if the place is not the next one. It costs Postgres two thirds.
 *
 * A purge counts itself while it holds the lock of its document, and its count is seen at once, before its commit. So no
 * document of the batch was purged if the count is the same under their locks.
 */
export async function insertIntoExisting(
  { writer, number }: BatchPlace,
  { at, bytes, documents, lengths, starts, users }: PackedBatch,
  { purges, sql }: { readonly purges: number; readonly sql: SQL },
): Promise<readonly RowId[]> {
  const inserted = await sql<{ readonly row: RowId }[]>`
    WITH items AS MATERIALIZED (
      SELECT * FROM unnest(${documents}::text[], ${starts}::int[], ${lengths}::int[], ${users}::text[])
        WITH ORDINALITY AS items (document, start, length, "user", place)
    ), locked AS MATERIALIZED (
      SELECT pg_advisory_xact_lock(key)
      FROM (SELECT DISTINCT hashtextextended(document, 7) AS key FROM items ORDER BY key) AS keys
    ), ready AS MATERIALIZED (
      SELECT count(*) AS locks, coalesce(pg_sequence_last_value('yurt_purges'), 0)::float8 AS purges FROM locked
    ), moved AS (
      UPDATE yurt_writers SET head = ${number}::bigint, beat = now()
      WHERE id = ${writer}::bigint AND head = ${number - 1}::bigint AND (SELECT purges FROM ready) = ${purges}::float8
      RETURNING head
    ), inserted AS (
      INSERT INTO yurt_updates (document, id, data, at, "user", writer, batch)
      SELECT document, nextval('yurt_rows'), substr(${bytes}::bytea, start, length), ${at}::bigint, "user",
        ${writer}::bigint, ${number}::bigint
      FROM (SELECT * FROM items WHERE EXISTS (SELECT FROM moved) ORDER BY place) AS ordered
      RETURNING id
    )
    SELECT id::float8 AS row FROM inserted`;
  return inserted.map(({ row }) => row).sort((left, right) => left - right);
}

/**
 * Registers a writer, whose last batch has the number `head`. Its id is random: a standby that takes over may not know of
 * the last registrations, and would give their numbers again.
 */
export async function insertWriter(sql: SQL, head = 0): Promise<number> {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  const id = (high % 2 ** 20) * 2 ** 32 + low;
  await sql`INSERT INTO yurt_writers (id, head) VALUES (${id}::bigint, ${head}::bigint)`;
  return id;
}

/**
 * Finds out whether a batch is committed whose answer was lost. If it is not, it never will be: its place is taken. Returns
 * its rows, as far as no compaction has replaced them.
 */
export async function settleBatch({ writer, number }: BatchPlace, sql: SQL): Promise<readonly RowId[]> {
  // This waits for the statement of the batch if it still runs. A later one finds its place taken.
  await sql`UPDATE yurt_writers SET head = ${number}::bigint
    WHERE id = ${writer}::bigint AND head = ${number - 1}::bigint`;
  const rows = await sql<{ readonly row: RowId }[]>`
    SELECT id::float8 AS row FROM yurt_updates WHERE writer = ${writer}::bigint AND batch = ${number}::bigint
    ORDER BY id`;
  return rows.map(({ row }) => row);
}
