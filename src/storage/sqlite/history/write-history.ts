import type { HistoryAddition, HistorySnapshot } from "../../history/history-store.ts";
import type { DocumentRow } from "../statements.ts";
import type { HistoryStatements } from "./history-statements.ts";

const maxRow = Number.MAX_SAFE_INTEGER;

/** The bytes that an addition writes. */
export function bytesOf(addition: HistoryAddition | undefined): number {
  if (addition === undefined) return 0;
  const { start, segment, end } = addition;
  return [segment.marks, segment.data, start?.data, end?.data].reduce(
    (sum, bytes) => sum + (bytes?.byteLength ?? 0),
    0,
  );
}

/** Adds to the history of a document what a compaction has made; without it the history ends. Called in a transaction. */
export function addHistory(
  { id, historyEnd }: Pick<DocumentRow, "id" | "historyEnd">,
  addition: HistoryAddition | undefined,
  statements: HistoryStatements,
): void {
  // It was made to continue a history that has been removed meanwhile.
  const isUnfounded = addition?.start === undefined && historyEnd === null;
  if (addition === undefined || isUnfounded) {
    if (historyEnd !== null) statements.setEnd.run(null, id);
    return;
  }
  const { start, segment, end, versions } = addition;
  const { last, startedAt, endedAt, users, marks, data } = segment;
  if (start !== undefined) insertSnapshot(id, { ...start, isStart: true }, statements);
  statements.insertSegment.run(id, last, startedAt, endedAt, JSON.stringify(users), marks, data);
  if (end !== undefined) insertSnapshot(id, { ...end, isStart: false }, statements);
  for (const { sequence, at, users: since } of versions) {
    if (statements.lastNumber.get(id, sequence)?.number !== null) continue;
    statements.insertVersion.run(id, sequence, 0, at, null, JSON.stringify(since), null);
  }
  statements.setEnd.run(last, id);
}

/** Removes the history of a document, and the versions before a row. Called in a transaction. */
export function deleteHistory(document: number, statements: HistoryStatements, before = maxRow): void {
  statements.deleteSegments.run(document, maxRow);
  statements.deleteSnapshots.run(document, maxRow);
  statements.deleteVersions.run(document, before);
  statements.setEnd.run(null, document);
}

/**
 * Removes the history before `snapshot`, and makes it begin there. Nothing is done if no segment ends there any more: then
 * it is a snapshot of what was erased meanwhile, or of a document of the same name that was purged. Called in a
 * transaction.
 */
export function shortenHistory(document: number, snapshot: HistorySnapshot, statements: HistoryStatements): void {
  const next = statements.nextSegment.get(document, snapshot.sequence - 1);
  if (next?.last !== snapshot.sequence) return;
  statements.deleteSegments.run(document, snapshot.sequence);
  statements.deleteSnapshots.run(document, snapshot.sequence);
  statements.deleteVersions.run(document, snapshot.sequence);
  insertSnapshot(document, { ...snapshot, isStart: true }, statements);
}

function insertSnapshot(
  document: number,
  { sequence, at, isStart, data }: HistorySnapshot & { readonly isStart: boolean },
  statements: HistoryStatements,
): void {
  statements.insertSnapshot.run(document, sequence, at, isStart ? 1 : 0, data);
}
