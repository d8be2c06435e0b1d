import * as Y from "yjs";
import { ClockSet } from "./clock-set.ts";
import { mergeUpdates } from "./merge-updates.ts";
import { decodeContents } from "./update-contents.ts";

/**
 * One update that says what `updates` say together, less the content that was deleted.
 *
 * Structs and deletes that wait for others stay. Throws when anything would be lost: what is proven is that the result
 * holds exactly the clocks of `updates` and deletes at least what they delete. (Yjs deletes more while it integrates:
 * overwritten map entries, formatting without effect.) For a worker: it is slow and takes much memory.
 */
export function compactUpdates(updates: readonly Uint8Array[]): Uint8Array {
  const given = clocksOf(updates);
  const compacted = collectGarbage(updates);
  const kept = clocksOf([compacted]);
  if (!given.structs.isWithin([kept.structs])) throw new Error("a compaction lost structs");
  if (!kept.structs.isWithin([given.structs])) throw new Error("a compaction invented structs");
  if (!given.deletes.isWithin([kept.deletes])) throw new Error("a compaction lost deletes");
  return compacted;
}

/**
 * The first, which is large when it is a base, is not merged with the others first: that would write it once more. The
 * others are, since Yjs copies all that is pending for each update that it applies.
 */
function collectGarbage(updates: readonly Uint8Array[]): Uint8Array {
  const doc = new Y.Doc();
  doc.transact(() => {
    for (const update of updates.slice(0, 1)) Y.applyUpdate(doc, update);
    Y.applyUpdate(doc, mergeUpdates(updates.slice(1)));
  });
  return Y.encodeStateAsUpdate(doc);
}

function clocksOf(updates: readonly Uint8Array[]): { readonly structs: ClockSet; readonly deletes: ClockSet } {
  const structs = new ClockSet();
  const deletes = new ClockSet();
  for (const update of updates) {
    const contents = decodeContents(update);
    if (contents.kind === "malformed") throw new Error(`a malformed update in a compaction: ${contents.detail}`);
    structs.addAll(contents.structs);
    deletes.addAll(contents.deletes);
  }
  return { structs, deletes };
}
