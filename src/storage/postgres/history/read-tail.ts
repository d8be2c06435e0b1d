import type { SQL } from "bun";
import type { HistoryProgress, OriginatedUpdate, UpdateOrigin, UpdateTime } from "../../history/history-store.ts";
import { endOfBase } from "../../history/moments.ts";
import { bytesOf } from "../documents/bytes-of.ts";
import type { DocumentRow } from "../documents/find-document.ts";

interface StoredOrigin {
  readonly row: number;
  readonly at: number | null;
  readonly user: string | null;
}

/** The origins of the updates of a document's tail, in the order of their rows. */
export async function originsOfTail({ name }: DocumentRow, sql: SQL): Promise<readonly UpdateOrigin[]> {
  const rows = await sql<StoredOrigin[]>`
    SELECT id::float8 AS row, at::float8, "user" FROM yurt_updates WHERE document = ${name} ORDER BY id`;
  return rows.map(({ row, at, user }) => ({ row, at: at ?? undefined, user: user ?? undefined }));
}

/** The updates of a document's tail with their origins, in the order of their rows. */
export async function originatedTail({ name }: DocumentRow, sql: SQL): Promise<readonly OriginatedUpdate[]> {
  const rows = await sql<(StoredOrigin & { readonly data: Uint8Array })[]>`
    SELECT id::float8 AS row, at::float8, "user", data FROM yurt_updates WHERE document = ${name} ORDER BY id`;
  return rows.map(({ row, at, user, data }) => ({
    row,
    at: at ?? undefined,
    user: user ?? undefined,
    update: bytesOf(data),
  }));
}

/** The end of the last segment of a document. */
export async function findLastSegment({ id }: Pick<DocumentRow, "id">, sql: SQL): Promise<UpdateTime | undefined> {
  const [last] = await sql<UpdateTime[]>`
    SELECT last::float8 AS sequence, ended_at::float8 AS at FROM yurt_history_segments WHERE document = ${id}::bigint
    ORDER BY last DESC LIMIT 1`;
  return last;
}

interface SnapshotSums {
  readonly snapshotBytes: number;
  readonly bytesSinceSnapshot: number;
}

/** As `HistoryStore.progress`, also for a deleted document. Called in a transaction that sees one state. */
export async function readProgress(found: DocumentRow, transaction: SQL): Promise<HistoryProgress> {
  const { id, historyEnd } = found;
  const lastVersion = await findLastVersion(id, historyEnd ?? 0, transaction);
  const segments =
    historyEnd === null
      ? []
      : await transaction<{ readonly users: string }[]>`
          SELECT users FROM yurt_history_segments
          WHERE document = ${id}::bigint AND last > ${lastVersion?.sequence ?? 0}::bigint ORDER BY last`;
  const versions = await transaction<{ readonly sequence: number }[]>`
    SELECT DISTINCT sequence::float8 FROM yurt_versions
    WHERE document = ${id}::bigint AND sequence > ${historyEnd ?? 0}::bigint ORDER BY sequence`;
  const tail = await originsOfTail(found, transaction);
  return {
    reachesBase: historyEnd !== null,
    baseEnd: endOfBase(found, tail),
    ...(await sumSinceSnapshot(id, transaction)),
    last: historyEnd === null ? undefined : await findLastSegment(found, transaction),
    lastVersion,
    users: [...new Set(segments.flatMap(({ users }): string[] => JSON.parse(users)))],
    versions: versions.map(({ sequence }) => sequence),
    tail,
  };
}

async function findLastVersion(document: number, until: number, transaction: SQL): Promise<UpdateTime | undefined> {
  const [last] = await transaction<UpdateTime[]>`
    SELECT sequence::float8, at::float8 FROM yurt_versions
    WHERE document = ${document}::bigint AND sequence <= ${until}::bigint ORDER BY sequence DESC LIMIT 1`;
  return last;
}

async function sumSinceSnapshot(document: number, transaction: SQL): Promise<SnapshotSums> {
  const [sums] = await transaction<SnapshotSums[]>`
    WITH snapshot AS (
      SELECT sequence, octet_length(data) AS bytes FROM yurt_history_snapshots WHERE document = ${document}::bigint
      ORDER BY sequence DESC LIMIT 1
    )
    SELECT coalesce((SELECT bytes FROM snapshot), 0)::float8 AS "snapshotBytes",
      coalesce(sum(octet_length(marks) + octet_length(data)), 0)::float8 AS "bytesSinceSnapshot"
    FROM yurt_history_segments
    WHERE document = ${document}::bigint AND last > coalesce((SELECT sequence FROM snapshot), 0)`;
  return sums ?? { snapshotBytes: 0, bytesSinceSnapshot: 0 };
}
