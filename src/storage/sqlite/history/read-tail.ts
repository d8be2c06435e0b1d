import type { HistoryProgress, OriginatedUpdate, UpdateOrigin } from "../../history/history-store.ts";
import { endOfBase } from "../../history/moments.ts";
import type { Connection } from "../connection.ts";
import type { DocumentRow } from "../statements.ts";

interface StoredOrigin {
  readonly row: number;
  readonly at: number | null;
  readonly user: string | null;
}

/** The origins of the updates of a document's tail, in the order of their rows. */
export function originsOfTail({ id, base }: DocumentRow, { journal, statements }: Connection): UpdateOrigin[] {
  return inOrder(statements.history.originsOf.all(id, base).map(originOf), journal.originsOf(id));
}

/** The updates of a document's tail with their origins, in the order of their rows. */
export function originatedTail({ id, base }: DocumentRow, { journal, statements }: Connection): OriginatedUpdate[] {
  const inTable = statements.history.originatedOf
    .all(id, base)
    .map((stored) => ({ ...originOf(stored), update: stored.update }));
  return inOrder(inTable, journal.originatedOf(id));
}

/** As `HistoryStore.progress`, also for a deleted document. */
export function readProgress(found: DocumentRow, connection: Connection): HistoryProgress {
  const { history } = connection.statements;
  const { id, historyEnd } = found;
  const snapshot = history.lastSnapshot.get(id);
  const last = historyEnd === null ? undefined : (history.lastSegment.get(id) ?? undefined);
  const lastVersion = history.lastVersionUntil.get(id, historyEnd ?? 0) ?? undefined;
  const segments = historyEnd === null ? [] : history.usersAfter.all(id, lastVersion?.sequence ?? 0);
  const users = segments.flatMap((row): string[] => JSON.parse(row.users));
  const tail = originsOfTail(found, connection);
  return {
    reachesBase: historyEnd !== null,
    baseEnd: endOfBase(found, tail),
    snapshotBytes: snapshot?.bytes ?? 0,
    bytesSinceSnapshot: history.segmentBytesAfter.get(id, snapshot?.sequence ?? 0)?.bytes ?? 0,
    last,
    lastVersion,
    users: [...new Set(users)],
    versions: history.versionsAfter.all(id, historyEnd ?? 0).map(({ sequence }) => sequence),
    tail,
  };
}

function originOf({ row, at, user }: StoredOrigin): UpdateOrigin {
  return { row, at: at ?? undefined, user: user ?? undefined };
}

/** Updates that were too large for the journal may be older or newer than those in it. */
function inOrder<Origin extends UpdateOrigin>(inTable: readonly Origin[], inJournal: readonly Origin[]): Origin[] {
  return [...inTable, ...inJournal].sort((left, right) => left.row - right.row);
}
