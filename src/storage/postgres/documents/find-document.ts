import type { SQL } from "bun";
import type { RowId } from "../../store.ts";

/** The facts about a document in its own row. Times are in epoch milliseconds. */
export interface DocumentRow {
  readonly id: number;
  readonly name: string;
  readonly base: RowId | null;
  /** The last update that a compaction has replaced; 0 if there is none. */
  readonly lastCompacted: RowId;
  /** The time of that update. */
  readonly updatedAt: number | null;
  readonly deletedAt: number | null;
  /** As the column `history_end`. */
  readonly historyEnd: RowId | null;
}

/** Finds a document, also a deleted one. */
export async function findDocument(name: string, sql: SQL): Promise<DocumentRow | undefined> {
  const [found] = await sql<DocumentRow[]>`
    SELECT id::float8, name, base::float8, last_update::float8 AS "lastCompacted", updated_at::float8 AS "updatedAt",
      deleted_at::float8 AS "deletedAt", history_end::float8 AS "historyEnd"
    FROM yurt_documents WHERE name = ${name}`;
  return found;
}
