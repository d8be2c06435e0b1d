import type { SQL } from "bun";
import { prefixEnd } from "../../names/prefix-end.ts";
import type { DocumentInfo, Page, RowId, StoredDocument, StoredUpdate } from "../../store.ts";
import { bytesOf } from "./bytes-of.ts";

/** A row of a document's log, or the document's own row with its base. */
interface LogRow {
  readonly kind: "document" | "update" | "quarantined";
  /** The row of the base or the update; null for a document without a base. */
  readonly row: RowId | null;
  readonly data: Uint8Array | null;
  readonly summary: Uint8Array | null;
  readonly sequence: RowId | null;
  readonly deletedAt: number | null;
  readonly rowsAfter: RowId | null;
}

/** As `Store.load`. One statement, because each sees another state of the database. */
export async function loadDocument(name: string, sql: SQL): Promise<StoredDocument | undefined> {
  const rows = await sql<LogRow[]>`
    SELECT 'document' AS kind, base::float8 AS row, CASE WHEN deleted_at IS NULL THEN base_data END AS data, summary,
      greatest(last_update, (SELECT max(id) FROM yurt_updates WHERE document = name))::float8 AS sequence,
      deleted_at::float8 AS "deletedAt", rows_after::float8 AS "rowsAfter"
    FROM yurt_documents WHERE name = ${name}
    UNION ALL
    SELECT 'update', updates.id::float8, data, NULL, NULL, NULL, NULL
    FROM yurt_updates AS updates JOIN yurt_documents AS documents ON name = document
    WHERE document = ${name} AND deleted_at IS NULL
    UNION ALL
    SELECT 'quarantined', quarantined.id::float8, data, NULL, NULL, NULL, NULL
    FROM yurt_quarantined AS quarantined JOIN yurt_documents AS documents ON documents.id = document
    WHERE name = ${name} AND deleted_at IS NULL`;
  const found = rows.find(({ kind }) => kind === "document");
  if (found === undefined) return undefined;
  const { data, deletedAt, row, summary } = found;
  const [sequence, rowsAfter] = [found.sequence ?? 0, found.rowsAfter ?? 0];
  if (deletedAt !== null) return { base: undefined, tail: [], quarantined: [], sequence, deletedAt, rowsAfter };
  const base = row === null || data === null ? undefined : { row, update: bytesOf(data) };
  return {
    base: base && { ...base, summary: summary === null ? undefined : bytesOf(summary) },
    tail: updatesOf("update", rows),
    quarantined: updatesOf("quarantined", rows),
    sequence,
    rowsAfter,
  };
}

/** The updates of one kind, in the order of their rows. The database returns them in any order. */
function updatesOf(wanted: LogRow["kind"], rows: readonly LogRow[]): StoredUpdate[] {
  const updates: StoredUpdate[] = [];
  for (const { kind, row, data } of rows) {
    if (kind === wanted && row !== null && data !== null) updates.push({ row, update: bytesOf(data) });
  }
  return updates.sort((left, right) => left.row - right.row);
}

interface InfoRow {
  readonly name: string;
  readonly hasBase: boolean;
  readonly bytes: number;
  readonly tailRows: number;
  readonly sequence: RowId;
  readonly createdAt: number | null;
  readonly updatedAt: number | null;
  readonly deletedAt: number | null;
}

/** As `Store.list`. */
export async function listDocuments(page: Page, sql: SQL): Promise<readonly DocumentInfo[]> {
  const { limit, order, prefix = "", state = "present" } = page;
  const after = order === undefined ? page.after : undefined;
  const end = prefixEnd(prefix);
  const documents = sql`SELECT * FROM yurt_documents WHERE name >= ${prefix}
    ${end === undefined ? sql`` : sql`AND name < ${end}`}
    ${after === undefined ? sql`` : sql`AND name > ${after}`}
    ${state === "any" ? sql`` : sql`AND deleted_at IS ${state === "present" ? sql`NULL` : sql`NOT NULL`}`}`;
  if (order === undefined) return readInfos(sql`${documents} ORDER BY name LIMIT ${limit}`, sql);
  // The facts of all documents are needed to order them.
  const rank = order === "bytes" ? sql`bytes` : sql`sequence`;
  return readInfos(documents, sql, sql`${rank} DESC, name LIMIT ${limit}`);
}

/** As `Store.info`. */
export async function documentInfo(name: string, sql: SQL): Promise<DocumentInfo | undefined> {
  const [info] = await readInfos(sql`SELECT * FROM yurt_documents WHERE name = ${name}`, sql);
  return info;
}

/** The facts of the documents that a query finds, in an order that may have a limit. */
async function readInfos(documents: SQL.Query<unknown>, sql: SQL, order = sql`name`): Promise<DocumentInfo[]> {
  const rows = await sql<InfoRow[]>`
    SELECT name, base IS NOT NULL AS "hasBase", (coalesce(octet_length(base_data), 0) + tail.bytes)::float8 AS bytes,
      tail.rows::float8 AS "tailRows", greatest(last_update, tail.last)::float8 AS sequence,
      created_at::float8 AS "createdAt", deleted_at::float8 AS "deletedAt",
      coalesce((SELECT at FROM yurt_updates WHERE document = name AND id = tail.last), updated_at)::float8 AS "updatedAt"
    FROM (${documents}) AS documents CROSS JOIN LATERAL (
      SELECT count(*) AS rows, coalesce(sum(octet_length(data)), 0) AS bytes, max(id) AS last
      FROM yurt_updates WHERE document = name
    ) AS tail
    ORDER BY ${order}`;
  return rows.map(({ name, hasBase, bytes, tailRows, sequence, createdAt, updatedAt, deletedAt }) => ({
    name,
    bytes,
    rows: hasBase ? tailRows + 1 : tailRows,
    tailRows,
    sequence,
    createdAt: createdAt ?? undefined,
    updatedAt: updatedAt ?? undefined,
    deletedAt: deletedAt ?? undefined,
  }));
}
