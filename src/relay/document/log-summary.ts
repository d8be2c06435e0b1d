import type { StoredDocument } from "../../storage/store.ts";
import { IdSet } from "../update/id-set.ts";
import { storedContents } from "./reading/stored-contents.ts";

/** Figures about a document, taken from its log. They contain nothing of the document's text. */
export interface LogSummary {
  readonly baseBytes: number;
  readonly tailBytes: number;
  /** The number of client ids that inserted content. */
  readonly clients: number;
  /** The number of characters and other elements that were ever inserted. */
  readonly inserted: number;
  /** The number of those that were deleted. */
  readonly deleted: number;
  /** Whether updates depend on others that the log does not have. */
  readonly hasGaps: boolean;
}

/** Throws `StoreError` corrupt for a row that does not hold a Yjs update. */
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
    inserted: structs.clockCount,
    deleted: deletes.clockCount,
    hasGaps: structs.hasGaps,
  };
}
