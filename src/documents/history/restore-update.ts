import * as Y from "yjs";

/**
 * An update that makes a document as it was at a moment, whatever types it has; undefined if it is so already.
 *
 * `former` is the document at that moment, which keeps deleted content: see `docAt`. It becomes the restored document.
 * `present` are the updates of the present one. The update deletes what was inserted since, and inserts anew what was
 * deleted since: it is an edit like others, which concurrent edits merge with, and which can be undone.
 */
export function restoreUpdate(former: Y.Doc, present: readonly Uint8Array[]): Uint8Array | undefined {
  const origin = Symbol("later changes");
  const undo = new Y.UndoManager(former, { trackedOrigins: new Set([origin]), captureTimeout: 0 });
  former.transact(() => {
    for (const update of present) Y.applyUpdate(former, update, origin);
  }, origin);
  const updates: Uint8Array[] = [];
  former.on("update", (update: Uint8Array) => updates.push(update));
  undo.undo();
  undo.destroy();
  return updates.length === 0 ? undefined : Y.mergeUpdates(updates);
}
