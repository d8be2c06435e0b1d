import type { Moment, StoredMoment, UpdateTime } from "../../history/history-store.ts";
import { beginOfTail, countUntil, endOfSecond, isBefore, isReached, reachedBy } from "../../history/moments.ts";
import type { Connection } from "../connection.ts";
import type { DocumentRow } from "../statements.ts";
import type { SnapshotRow } from "./history-statements.ts";
import { originatedTail, originsOfTail } from "./read-tail.ts";

/** After all rows. */
const maxRow = Number.MAX_SAFE_INTEGER;

/** As `HistoryStore.moment`, for a document that is not deleted. */
export function readMoment(found: DocumentRow, moment: Moment, connection: Connection): StoredMoment | undefined {
  const tail = readTail(found, moment, connection);
  if (tail !== undefined) return tail;
  const { history } = connection.statements;
  const snapshot =
    "sequence" in moment
      ? history.snapshotAt.get(found.id, moment.sequence)
      : history.snapshotAtTime.get(found.id, endOfSecond(moment.at));
  return snapshot === null ? undefined : readSegments(found, { snapshot, moment }, connection);
}

/** A moment of the tail; undefined for an earlier one. */
function readTail(found: DocumentRow, moment: Moment, connection: Connection): StoredMoment | undefined {
  const begin = findBegin(found, connection);
  if (isBefore(moment, begin)) return undefined;
  const tail = originatedTail(found, connection);
  const included = tail.slice(0, countUntil(tail, moment));
  const last = included.at(-1);
  const base = found.base === null ? null : connection.statements.history.baseOf.get(found.id, found.base);
  return {
    kind: "updates",
    updates: [...(base === null ? [] : [base.update]), ...included.map(({ update }) => update)],
    last: last === undefined ? begin : { sequence: last.row, at: last.at ?? 0 },
  };
}

/** The first moment at which the document is its base, as far as that is known. */
function findBegin(found: DocumentRow, connection: Connection): UpdateTime {
  const last = found.historyEnd === null ? null : connection.statements.history.lastSegment.get(found.id);
  return last ?? beginOfTail(found, originsOfTail(found, connection));
}

function readSegments(
  { historyEnd, id }: DocumentRow,
  { snapshot, moment }: { readonly snapshot: SnapshotRow; readonly moment: Moment },
  { statements: { history } }: Connection,
): StoredMoment {
  const next = history.nextStart.get(id, snapshot.sequence);
  const end = next?.sequence ?? maxRow;
  if ("sequence" in moment && moment.sequence === snapshot.sequence) return { kind: "history", snapshot, segments: [] };
  const segments =
    "sequence" in moment
      ? history.segmentsUntil.all(id, snapshot.sequence, moment.sequence, end)
      : history.segmentsUntilTime.all(id, snapshot.sequence, endOfSecond(moment.at), end);
  // A part without history may follow: what the document was there is unknown.
  const leadsOn = next === null && historyEnd !== null;
  if (!isReached(moment, reachedBy(snapshot, segments), leadsOn)) return { kind: "unknown" };
  return {
    kind: "history",
    snapshot,
    segments: segments.map(({ users, ...segment }) => ({ ...segment, users: JSON.parse(users) })),
  };
}
