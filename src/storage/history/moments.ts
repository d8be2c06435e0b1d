import type { Moment, Sequence, UpdateOrigin, UpdateTime } from "./history-store.ts";

const secondMs = 1_000;

/** The end of the second that a time is in: the marks of segments count in seconds. */
export function endOfSecond(at: number): number {
  return Math.floor(at / secondMs) * secondMs + secondMs - 1;
}

/** Whether a moment is before an update. */
export function isBefore(moment: Moment, { sequence, at }: UpdateTime): boolean {
  return "sequence" in moment ? moment.sequence < sequence : endOfSecond(moment.at) < at;
}

/** How many updates of a tail, which are in the order of their rows, belong to a moment. */
export function countUntil(tail: readonly Omit<UpdateOrigin, "user">[], moment: Moment): number {
  const index = tail.findIndex(({ row, at = 0 }) => isBefore(moment, { sequence: row, at }));
  return index === -1 ? tail.length : index;
}

/** The facts about a document that the end of its base follows from. */
export interface BaseFacts {
  readonly base: Sequence | null;
  /** The last update that compactions have seen; 0 if there is none. */
  readonly lastCompacted: Sequence;
}

/** The last update that the base of a document with this tail has; undefined without a base, or if that is not known. */
export function endOfBase({ base, lastCompacted }: BaseFacts, tail: readonly UpdateOrigin[]): Sequence | undefined {
  // The last update that a compaction has seen is not in its base if it stays in the tail.
  const isInBase = base !== null && lastCompacted > 0 && lastCompacted < (tail[0]?.row ?? Number.POSITIVE_INFINITY);
  return isInBase ? lastCompacted : undefined;
}

/** The first moment at which a document is its base, without a history that reaches it. */
export function beginOfTail(
  facts: BaseFacts & { readonly updatedAt: number | null },
  tail: readonly UpdateOrigin[],
): UpdateTime {
  const [first] = tail;
  if (first !== undefined) return { sequence: endOfBase(facts, tail) ?? first.row - 1, at: first.at ?? 0 };
  return { sequence: facts.lastCompacted, at: facts.updatedAt ?? Number.POSITIVE_INFINITY };
}

/** The last update that a moment's snapshot and segments reach. */
export function reachedBy(
  snapshot: UpdateTime,
  segments: readonly { readonly last: Sequence; readonly endedAt: number }[],
): UpdateTime {
  const last = segments.at(-1);
  return last === undefined ? snapshot : { sequence: last.last, at: last.endedAt };
}

/**
 * Whether segments that reach `reached` contain a moment. If the history `leadsOn`, to the base, no later change comes before
 * the tail.
 */
export function isReached(moment: Moment, reached: UpdateTime, leadsOn: boolean): boolean {
  return "sequence" in moment ? reached.sequence >= moment.sequence : leadsOn || endOfSecond(reached.at) >= moment.at;
}
