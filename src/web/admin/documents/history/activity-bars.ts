import type { Activity } from "../../../../client/history.ts";

/** The time that the slider spans, in epoch milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A time of activity as it is drawn. All members are from 0 to 1. */
export interface Bar {
  readonly start: number;
  readonly width: number;
  /** The number of insertions, on a logarithmic scale. */
  readonly inserted: number;
  readonly deleted: number;
}

/** The number of parts in which a span shows activity apart. */
const resolution = 240;
const leastWidth = 0.003;
const longestGapSeconds = 86_400;

/** The pause that ends an activity, so that a span has a number of activities that can be drawn. */
export function gapSecondsFor({ from, to }: Span): number {
  return Math.min(longestGapSeconds, Math.max(1, Math.round((to - from) / resolution / 1_000)));
}

export function barsOf(activities: readonly Activity[], { from, to }: Span): readonly Bar[] {
  const highest = Math.max(1, ...activities.flatMap(({ deleted, inserted }) => [deleted, inserted]));
  const heightOf = (count: number) => Math.log1p(count) / Math.log1p(highest);
  const placeOf = (time: number) => Math.min(1, Math.max(0, (time - from) / (to - from)));
  return activities.map((activity) => {
    const start = placeOf(Date.parse(activity.from));
    // An activity ends with the second of its last change.
    const width = Math.max(leastWidth, placeOf(Date.parse(activity.to) + 1_000) - start);
    return {
      start: Math.min(start, 1 - width),
      width,
      inserted: heightOf(activity.inserted),
      deleted: heightOf(activity.deleted),
    };
  });
}

/** The times before and after each activity, ascending. */
function boundariesOf(activities: readonly Activity[]): readonly number[] {
  const times = activities.flatMap(({ from, to }) => [Date.parse(from) - 1_000, Date.parse(to)]);
  return [...new Set(times)].sort((one, other) => one - other);
}

/** The next time before `at` between which and `at` the document has changed; undefined if there is none. */
export function earlierChange(activities: readonly Activity[], at: number): number | undefined {
  return boundariesOf(activities).findLast((time) => time < at);
}

export function laterChange(activities: readonly Activity[], at: number): number | undefined {
  return boundariesOf(activities).find((time) => time > at);
}

/** The activity that a time is in; undefined for a pause. */
export function activityAt(activities: readonly Activity[], at: number): Activity | undefined {
  return activities.find(({ from, to }) => Date.parse(from) <= at && at <= Date.parse(to) + 999);
}
