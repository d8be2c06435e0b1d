import type { SQL } from "bun";
import type {
  HistoryAddition,
  HistoryPart,
  HistorySegment,
  HistorySnapshot,
  StoredVersion,
} from "../../history/history-store.ts";
import type { RowId } from "../../store.ts";
import type { DocumentRow } from "../documents/find-document.ts";
import type { ValueFor } from "../transact-with-values.ts";

const maxRow = Number.MAX_SAFE_INTEGER;

/** As `transactWithValues` calls its task. */
interface Writing {
  readonly transaction: SQL;
  readonly valueFor: ValueFor;
}

/** The values that `addHistory` writes. */
export function valuesOfAddition({ end, segment, start }: HistoryAddition): readonly Uint8Array[] {
  return [segment.marks, segment.data, ...[start, end].flatMap((snapshot) => snapshot?.data ?? [])];
}

/** The values that `putPart` writes. */
export function valuesOfPart(part: HistoryPart): readonly Uint8Array[] {
  switch (part.kind) {
    case "segment":
      return [part.segment.marks, part.segment.data];
    case "snapshot":
      return [part.snapshot.data];
    case "version":
      return [];
  }
}

// The functions that follow are called in a transaction that has locked the document.

/** Adds to the history of a document what a compaction has made; without it the history ends. */
export async function addHistory(
  { id, historyEnd }: DocumentRow,
  addition: HistoryAddition | undefined,
  writing: Writing,
): Promise<void> {
  const { transaction } = writing;
  // It was made to continue a history that has been removed meanwhile.
  const isUnfounded = addition?.start === undefined && historyEnd === null;
  if (addition === undefined || isUnfounded) {
    if (historyEnd !== null) await setEnd(id, null, transaction);
    return;
  }
  const { start, segment, end, versions } = addition;
  if (start !== undefined) await putSnapshot(id, { ...start, isStart: true }, writing);
  await putSegment(id, segment, writing);
  if (end !== undefined) await putSnapshot(id, { ...end, isStart: false }, writing);
  for (const { sequence, at, users } of versions) {
    if ((await lastNumber(id, sequence, transaction)) !== undefined) continue;
    const version = { sequence, number: 0, at, name: undefined, users, createdBy: undefined };
    await putVersion(id, version, transaction);
  }
  await setEnd(id, segment.last, transaction);
}

/** Removes the history of a document, and the versions before a row. */
export async function deleteHistory(document: number, transaction: SQL, before = maxRow): Promise<void> {
  await transaction`DELETE FROM yurt_history_segments WHERE document = ${document}::bigint`;
  await transaction`DELETE FROM yurt_history_snapshots WHERE document = ${document}::bigint`;
  await transaction`DELETE FROM yurt_versions WHERE document = ${document}::bigint AND sequence < ${before}::bigint`;
  await setEnd(document, null, transaction);
}

/**
 * Removes the history before `snapshot`, and makes it begin there. Nothing is done if no segment ends there any more: then
 * it is a snapshot of what was erased meanwhile, or of a document of the same name that was purged.
 */
export async function shortenHistory(document: number, snapshot: HistorySnapshot, writing: Writing): Promise<void> {
  const { transaction } = writing;
  const { sequence } = snapshot;
  const ended = await transaction<{ readonly last: number }[]>`
    SELECT last::float8 FROM yurt_history_segments WHERE document = ${document}::bigint AND last = ${sequence}::bigint`;
  if (ended.length === 0) return;
  await transaction`
    DELETE FROM yurt_history_segments WHERE document = ${document}::bigint AND last <= ${sequence}::bigint`;
  await transaction`
    DELETE FROM yurt_history_snapshots WHERE document = ${document}::bigint AND sequence < ${sequence}::bigint`;
  await transaction`DELETE FROM yurt_versions WHERE document = ${document}::bigint AND sequence < ${sequence}::bigint`;
  await putSnapshot(document, { ...snapshot, isStart: true }, writing);
}

/** Adds a part, or replaces it. */
export async function putPart(document: number, part: HistoryPart, writing: Writing): Promise<void> {
  switch (part.kind) {
    case "segment":
      return await putSegment(document, part.segment, writing);
    case "snapshot":
      return await putSnapshot(document, { ...part.snapshot, isStart: part.isStart }, writing);
    case "version":
      return await putVersion(document, part.version, writing.transaction);
  }
}

/** Adds a version, or replaces it. */
export async function putVersion(
  document: number,
  { sequence, number, at, name, users, createdBy }: StoredVersion,
  transaction: SQL,
): Promise<void> {
  await transaction`
    INSERT INTO yurt_versions (document, sequence, number, at, name, users, created_by)
    VALUES (${document}::bigint, ${sequence}::bigint, ${number}::int, ${at}::bigint, ${name ?? null}::text,
      ${JSON.stringify(users)}::text, ${createdBy ?? null}::text)
    ON CONFLICT (document, sequence, number) DO UPDATE
    SET at = excluded.at, name = excluded.name, users = excluded.users, created_by = excluded.created_by`;
}

/** The largest number of the versions of a sequence; undefined if there is none. */
export async function lastNumber(document: number, sequence: RowId, transaction: SQL): Promise<number | undefined> {
  const [last] = await transaction<{ readonly number: number }[]>`
    SELECT number FROM yurt_versions WHERE document = ${document}::bigint AND sequence = ${sequence}::bigint
    ORDER BY number DESC LIMIT 1`;
  return last?.number;
}

async function setEnd(document: number, end: RowId | null, transaction: SQL): Promise<void> {
  await transaction`UPDATE yurt_documents SET history_end = ${end}::bigint WHERE id = ${document}::bigint`;
}

async function putSegment(
  document: number,
  { last, startedAt, endedAt, users, marks, data }: HistorySegment,
  { transaction, valueFor }: Writing,
): Promise<void> {
  await transaction`
    INSERT INTO yurt_history_segments (document, last, started_at, ended_at, users, marks, data)
    VALUES (${document}::bigint, ${last}::bigint, ${startedAt}::bigint, ${endedAt}::bigint,
      ${JSON.stringify(users)}::text, ${valueFor(marks)}, ${valueFor(data)})
    ON CONFLICT (document, last) DO UPDATE
    SET started_at = excluded.started_at, ended_at = excluded.ended_at, users = excluded.users, marks = excluded.marks,
      data = excluded.data`;
}

async function putSnapshot(
  document: number,
  { sequence, at, isStart, data }: HistorySnapshot & { readonly isStart: boolean },
  { transaction, valueFor }: Writing,
): Promise<void> {
  await transaction`
    INSERT INTO yurt_history_snapshots (document, sequence, at, is_start, data)
    VALUES (${document}::bigint, ${sequence}::bigint, ${at}::bigint, ${isStart}::boolean, ${valueFor(data)})
    ON CONFLICT (document, sequence) DO UPDATE
    SET at = excluded.at, is_start = excluded.is_start, data = excluded.data`;
}
