import type { StoredDocument } from "../../storage/store.ts";
import { IdSet } from "../update/id-set.ts";
import { storedContents } from "./stored-contents.ts";

/** What a document's log says about it, without what is in the document. */
export interface LogSummary {
  readonly baseBytes: number;
  readonly tailBytes: number;
  /** Client ids that inserted something. */
  readonly clients: number;
  /** Characters and other elements that were ever inserted. */
  readonly inserted: number;
  /** How many of them were deleted. */
  readonly deleted: number;
  /** Whether updates wait for others that never came. */
  readonly hasGaps: boolean;
}

/** Throws `StoreError`, corrupt, for a row that is no update. */
export function summarizeLog({ base, tail }: StoredDocument): LogSummary {
  const structs = new IdSet();
  const deletes = new IdSet();
  for (const stored of base === undefined ? tail : [base, ...tail]) {
    const contents = storedContents(stored);
    structs.addAll(contents.structs);
    deletes.addAll(contents.deletes);
  }
  return {
    baseBytes: base?.update.byteLength ?? 0,
    tailBytes: tail.reduce((sum, { update }) => sum + update.byteLength, 0),
    clients: [...structs].length,
    inserted: countClocks(structs),
    deleted: countClocks(deletes),
    hasGaps: structs.hasGaps,
  };
}

function countClocks(clocks: IdSet): number {
  let count = 0;
  for (const [, ranges] of clocks) {
    ranges.forEach((start, end) => {
      count += end - start;
    });
  }
  return count;
}
