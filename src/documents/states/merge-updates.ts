import * as Y from "yjs";
import { mergeUpdates } from "../../relay/update/merge-updates.ts";
import type { MergeOrder } from "./update-merger.ts";

/** Does what `UpdateMerger` promises, at once. Throws for a malformed state vector. */
export function mergeInto({ format, stateVector, updates }: MergeOrder): Uint8Array {
  const [only] = updates;
  const merged = updates.length === 1 && only !== undefined ? only : mergeUpdates(updates);
  const cut = stateVector === undefined ? merged : Y.diffUpdate(merged, stateVector);
  return format === 1 ? cut : Y.convertUpdateFormatV1ToV2(cut);
}
