import type { SQL } from "bun";
import type { HistorySnapshot, Moment, StoredMoment, UpdateTime } from "../../history/history-store.ts";
import { beginOfTail, countUntil, endOfSecond, isBefore, isReached, reachedBy } from "../../history/moments.ts";
import type { RowId } from "../../store.ts";
import { bytesOf } from "../documents/bytes-of.ts";
import type { DocumentRow } from "../documents/find-document.ts";
import { type SegmentRow, type SnapshotRow, segmentOf, snapshotOf } from "./history-rows.ts";
import { findLastSegment, originatedTail, originsOfTail } from "./read-tail.ts";

/** After all rows. */
const maxRow = Number.MAX_SAFE_INTEGER;

/** As `HistoryStore.moment`, for a document that is not deleted. Called in a transaction that sees one state. */
export async function readMoment(
  found: DocumentRow,
  moment: Moment,
  transaction: SQL,
): Promise<StoredMoment | undefined> {
  const tail = await readTail(found, moment, transaction);
  if (tail !== undefined) return tail;
  const snapshot = await findSnapshot(found, moment, transaction);
  return snapshot && readSegments(found, { snapshot, moment }, transaction);
}

/** A moment of the tail; undefined for an earlier one. */
async function readTail(found: DocumentRow, moment: Moment, transaction: SQL): Promise<StoredMoment | undefined> {
  const begin = await findBegin(found, transaction);
  if (isBefore(moment, begin)) return undefined;
  const tail = await originatedTail(found, transaction);
  const included = tail.slice(0, countUntil(tail, moment));
  const last = included.at(-1);
  return {
    kind: "updates",
    updates: [...(await readBase(found, transaction)), ...included.map(({ update }) => update)],
    last: last === undefined ? begin : { sequence: last.row, at: last.at ?? 0 },
  };
}

/** The first moment at which the document is its base, as far as that is known. */
async function findBegin(found: DocumentRow, transaction: SQL): Promise<UpdateTime> {
  const last = found.historyEnd === null ? undefined : await findLastSegment(found, transaction);
  return last ?? beginOfTail(found, await originsOfTail(found, transaction));
}

async function readBase({ id }: DocumentRow, transaction: SQL): Promise<readonly Uint8Array[]> {
  const rows = await transaction<{ readonly data: Uint8Array }[]>`
    SELECT base_data AS data FROM yurt_documents WHERE id = ${id}::bigint AND base IS NOT NULL`;
  return rows.map(({ data }) => bytesOf(data));
}

/** The last snapshot that is not after a moment. */
async function findSnapshot({ id }: DocumentRow, moment: Moment, sql: SQL): Promise<HistorySnapshot | undefined> {
  const isNotAfter =
    "sequence" in moment ? sql`sequence <= ${moment.sequence}::bigint` : sql`at <= ${endOfSecond(moment.at)}::bigint`;
  const [snapshot] = await sql<SnapshotRow[]>`
    SELECT sequence::float8, at::float8, data FROM yurt_history_snapshots
    WHERE document = ${id}::bigint AND ${isNotAfter} ORDER BY sequence DESC LIMIT 1`;
  return snapshot && snapshotOf(snapshot);
}

async function readSegments(
  found: DocumentRow,
  { snapshot, moment }: { readonly snapshot: HistorySnapshot; readonly moment: Moment },
  transaction: SQL,
): Promise<StoredMoment> {
  if ("sequence" in moment && moment.sequence === snapshot.sequence) return { kind: "history", snapshot, segments: [] };
  const next = await findNextStart(found, snapshot.sequence, transaction);
  const rows = await segmentsUntil(found, { after: snapshot.sequence, moment, end: next ?? maxRow }, transaction);
  // A part without history may follow: what the document was there is unknown.
  const leadsOn = next === undefined && found.historyEnd !== null;
  if (!isReached(moment, reachedBy(snapshot, rows), leadsOn)) return { kind: "unknown" };
  return { kind: "history", snapshot, segments: rows.map(segmentOf) };
}

async function findNextStart({ id }: DocumentRow, after: RowId, sql: SQL): Promise<RowId | undefined> {
  const [next] = await sql<{ readonly sequence: RowId }[]>`
    SELECT sequence::float8 FROM yurt_history_snapshots
    WHERE document = ${id}::bigint AND sequence > ${after}::bigint AND is_start ORDER BY sequence LIMIT 1`;
  return next?.sequence;
}

/** Segments in order, from after a row until the one that contains a moment, or until `end`. */
function segmentsUntil(
  { id }: DocumentRow,
  { after, moment, end }: { readonly after: RowId; readonly moment: Moment; readonly end: RowId },
  sql: SQL,
): Promise<SegmentRow[]> {
  const isWithin =
    "sequence" in moment
      ? sql`last <= coalesce((SELECT min(last) FROM yurt_history_segments
          WHERE document = ${id}::bigint AND last >= ${moment.sequence}::bigint), ${end}::bigint)`
      : sql`started_at <= ${endOfSecond(moment.at)}::bigint`;
  return sql<SegmentRow[]>`
    SELECT last::float8, started_at::float8 AS "startedAt", ended_at::float8 AS "endedAt", users, marks, data
    FROM yurt_history_segments
    WHERE document = ${id}::bigint AND last > ${after}::bigint AND last <= ${end}::bigint AND ${isWithin}
    ORDER BY last`;
}
