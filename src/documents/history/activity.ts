import type { Mark, MarkedRange } from "../../relay/history/marks.ts";
import type { ActivityRange } from "./history-job.ts";

/** A time in which a document was changed without a long pause. */
export interface Activity {
  /** RFC 3339. */
  readonly from: string;
  readonly to: string;
  /** The first and the last update. */
  readonly firstSequence: number;
  readonly sequence: number;
  readonly users: readonly string[];
  /** The characters and other elements that were inserted, and deleted. */
  readonly inserted: number;
  readonly deleted: number;
}

/** The activities of a range of time, in order. Changes of unknown time are left out. */
export function activitiesOf(changes: Iterable<Mark>, { from, to, gapMs, by }: ActivityRange): readonly Activity[] {
  const activities: Building[] = [];
  let last: Building | undefined;
  for (const mark of changes) {
    const at = mark.second * 1_000;
    if (mark.second === 0 || at + 999 < from || at > to || (by !== undefined && mark.user !== by)) continue;
    if (last === undefined || at - last.to > gapMs) {
      last = { from: at, to: at, firstSequence: mark.row, sequence: 0, users: new Set(), inserted: 0, deleted: 0 };
      activities.push(last);
    }
    add(last, mark, at);
  }
  return activities.map(({ users, ...activity }) => ({
    ...activity,
    from: new Date(activity.from).toISOString(),
    to: new Date(activity.to).toISOString(),
    users: [...users],
  }));
}

interface Building {
  from: number;
  to: number;
  firstSequence: number;
  sequence: number;
  readonly users: Set<string>;
  inserted: number;
  deleted: number;
}

function add(activity: Building, { row, user, inserted, deleted }: Mark, at: number): void {
  activity.to = Math.max(activity.to, at);
  activity.sequence = row;
  if (user !== undefined) activity.users.add(user);
  activity.inserted += lengthOf(inserted);
  activity.deleted += lengthOf(deleted);
}

function lengthOf(ranges: readonly MarkedRange[]): number {
  return ranges.reduce((sum, { length }) => sum + length, 0);
}
