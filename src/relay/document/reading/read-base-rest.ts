import type { StoredBase } from "../../../storage/store.ts";
import { bytesPerStep, type Steps } from "../../update/large/steps.ts";
import { trimInSteps } from "../../update/large/trim-in-steps.ts";
import type { DecodedUpdate } from "../../update/trim-update.ts";
import { readBase } from "../document-content.ts";
import { isBaseKnown, type KnownLog } from "./read-log.ts";
import { type ReadParts, readInSteps } from "./stored-contents.ts";

/**
 * Cuts what is known from a large base, which another node has made of rows that were not reported. Undefined for a small
 * one, and for one without news. What becomes known meanwhile may be left in it.
 *
 * Throws `StoreError` corrupt for a base that is no Yjs update.
 */
export function* readBaseRest(
  stored: StoredBase,
  { summary }: ReadParts,
  known: KnownLog,
): Steps<DecodedUpdate | undefined> {
  const { row, update } = stored;
  if (update.byteLength <= bytesPerStep || isBaseKnown(readBase(stored, summary), known)) return undefined;
  const contents = yield* readInSteps({ row, update });
  const structs = contents.structs.repeatedUpTo(known.structs);
  return yield* trimInSteps({ update, contents }, { structs, deletes: known.deletes ?? [] });
}
