import { expect, test } from "bun:test";
import * as Y from "yjs";
import { mergeUpdates } from "../../../src/relay/update/merge-updates.ts";
import { bringing } from "../../support/bytes/update-bytes.ts";

test("a merge of no updates is the empty update, and a merge of one is that update", () => {
  const update = bringing(1, 0, 1);
  expect(mergeUpdates([])).toEqual(Uint8Array.of(0, 0));
  expect(mergeUpdates([update])).toBe(update);
});

test.each([2, 31, 32, 33, 64, 65, 1_025, 5_000])(
  "a merge of %d updates equals the merge that Yjs makes of all",
  (count) => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < count; index += 1) {
      const at = Math.floor(index / 6);
      if (index % 3 === 2) doc.getText("text").delete(at, 1);
      else doc.getText("text").insert(at, "a");
    }
    const copy = new Y.Doc();
    Y.applyUpdate(copy, mergeUpdates(updates));
    expect(Y.encodeStateAsUpdate(copy)).toEqual(Y.encodeStateAsUpdate(doc));
  },
);
