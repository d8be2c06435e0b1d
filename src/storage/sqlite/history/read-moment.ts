import type { Moment, StoredMoment, UpdateTime } from "../../history/history-store.ts";
import type { RowId } from "../../store.ts";
import type { Connection } from "../connection.ts";
import type { DocumentRow } from "../statements.ts";
import type { SnapshotRow } from "./history-statements.ts";
import { endOfBase, originatedTail, originsOfTail } from "./read-tail.ts";

const secondMs = 1_000;
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

/** The end of the second that a time is in: the marks count in seconds. */
function endOfSecond(at: number): number {
  return Math.floor(at / secondMs) * secondMs + secondMs - 1;
}

/** A moment of the tail; undefined for an earlier one. */
function readTail(found: DocumentRow, moment: Moment, connection: Connection): StoredMoment | undefined {
  const begin = beginOfTail(found, connection);
  const isEarlier = "sequence" in moment ? moment.sequence < begin.sequence : endOfSecond(moment.at) < begin.at;
  if (isEarlier) return undefined;
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
function beginOfTail(found: DocumentRow, connection: Connection): UpdateTime {
  const last = found.historyEnd === null ? null : connection.statements.history.lastSegment.get(found.id);
  if (last !== null) return last;
  const tail = originsOfTail(found, connection);
  const [first] = tail;
  if (first !== undefined) return { sequence: endOfBase(found, tail) ?? first.row - 1, at: first.at ?? 0 };
  return { sequence: found.lastCompacted, at: found.updatedAt ?? Number.POSITIVE_INFINITY };
}

function countUntil(tail: readonly { readonly row: RowId; readonly at: number | undefined }[], moment: Moment): number {
  const index = tail.findIndex(({ row, at = 0 }) =>
    "sequence" in moment ? row > moment.sequence : at > endOfSecond(moment.at),
  );
  return index === -1 ? tail.length : index;
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
  const reached = { sequence: segments.at(-1)?.last ?? snapshot.sequence, at: segments.at(-1)?.endedAt ?? snapshot.at };
  // A part without history may follow: what the document was there is unknown.
  const leadsOn = next === null && historyEnd !== null;
  const isKnown =
    "sequence" in moment ? reached.sequence >= moment.sequence : leadsOn || endOfSecond(reached.at) >= moment.at;
  if (!isKnown) return { kind: "unknown" };
  return {
    kind: "history",
    snapshot,
    segments: segments.map(({ users, ...segment }) => ({ ...segment, users: JSON.parse(users) })),
  };
}
