import type { IdSet } from "../../update/id-set.ts";
import { rangesPerStep, type Steps } from "../../update/large/steps.ts";
import { trimInSteps } from "../../update/large/trim-in-steps.ts";
import type { DecodedUpdate } from "../../update/trim-update.ts";
import type { Classification } from "./classification.ts";

/** The contents with which an update is compared. */
export interface ComparedWith {
  /** The structs that are committed. */
  readonly held: readonly IdSet[];
  /** The structs that are committed or staged. */
  readonly known: readonly IdSet[];
  /** The deletes that are committed or staged, the committed ones first. */
  readonly knownDeletes: readonly IdSet[];
}

/** As `DocumentState.classify`, in steps. */
export function* compareInSteps(
  read: DecodedUpdate,
  { held, known, knownDeletes }: ComparedWith,
): Steps<Classification> {
  const { structs, deletes } = read.contents;
  const repeated = new Map<number, number>();
  let [isKnown, isCommitted, leavesGap, overlaps] = [true, true, false, false];
  for (const part of structs.parts(rangesPerStep)) {
    isKnown &&= part.isWithin(known);
    isCommitted &&= isKnown && part.isWithin(held);
    leavesGap ||= part.leavesGap([structs, ...known]);
    for (const [client, clock] of part.repeatedUpTo(known)) repeated.set(client, clock);
    yield;
  }
  for (const part of deletes.parts(rangesPerStep)) {
    isKnown &&= part.isWithin(knownDeletes);
    isCommitted &&= isKnown && part.isWithin(knownDeletes.slice(0, 1));
    overlaps ||= part.overlaps(knownDeletes);
    yield;
  }
  if (isKnown) return { kind: "known", committed: isCommitted };
  const kind = leavesGap ? "incomplete" : "new";
  if (repeated.size === 0 && !overlaps) return { kind, update: read.update, contents: read.contents };
  const rest = yield* trimInSteps(read, { structs: repeated, deletes: knownDeletes });
  return { kind, update: rest.update, contents: rest.contents };
}
