import { expect, test } from "bun:test";
import * as Y from "yjs";
import { compactUpdates } from "../../src/relay/compact.ts";
import { bringing, deleting, text, updateBytes } from "../support/update-bytes.ts";
import { deletesOf, structsOf } from "../support/y-doc-facts.ts";

test("a compacted document is smaller by the content that was deleted, and otherwise the same", () => {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < 900; index += 1) doc.getText("text").insert(index, "x");
  doc.getText("text").delete(100, 700);
  const compacted = compactUpdates(updates);
  expect(compacted.byteLength).toBeLessThan(Y.mergeUpdates(updates).byteLength / 10);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, compacted);
  expect(copy.getText("text").toString()).toBe(doc.getText("text").toString());
  expect(structsOf([compacted])).toEqual(structsOf(updates));
});

test("structs and deletes that wait for others stay", () => {
  const waiting = updateBytes([{ client: 1, clock: 5, structs: [text("late", { origin: [2, 9] })] }]);
  const updates = [waiting, bringing(3, 0, 2), deleting(4, 7, 9)];
  const compacted = compactUpdates(updates);
  expect(structsOf([compacted])).toEqual(structsOf(updates));
  expect(deletesOf([compacted])).toEqual(expect.arrayContaining([...deletesOf(updates)]));
});

test("no updates, or empty ones, make an empty one", () => {
  expect(compactUpdates([])).toEqual(Uint8Array.of(0, 0));
  expect(compactUpdates([Uint8Array.of(0, 0), Uint8Array.of(0, 0)])).toEqual(Uint8Array.of(0, 0));
});

test("a compaction that Yjs would lose structs in throws", () => {
  // Each waits for the other: "it is not possible to have circles", says Yjs, and forgets the first.
  const circle = [
    updateBytes([{ client: 2, clock: 0, structs: [text("a", { origin: [1, 0] }), text("b", { origin: [2, 0] })] }]),
    updateBytes([{ client: 1, clock: 0, structs: [text("c", { origin: [2, 0] })] }]),
  ];
  expect(() => compactUpdates([Y.mergeUpdates(circle)])).toThrow("lost structs");
});

test("a compaction of what is no update throws", () => {
  expect(() => compactUpdates([bringing(1, 0, 1), Uint8Array.of(9)])).toThrow("malformed");
});
