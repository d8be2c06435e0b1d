import { expect, test } from "bun:test";
import * as Y from "yjs";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { decodeSummary, readBaseDeletes } from "../../../src/relay/update/base-summary.ts";
import { decodeContents } from "../../../src/relay/update/update-contents.ts";
import { bringing, deleting, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import { deletesOf, structsOf } from "../../support/bytes/y-doc-facts.ts";

test("a compacted document is smaller by the content that was deleted, and otherwise the same", () => {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < 900; index += 1) doc.getText("text").insert(index, "x");
  doc.getText("text").delete(100, 700);
  const { base: compacted } = compactUpdates(updates);
  expect(compacted.byteLength).toBeLessThan(Y.mergeUpdates(updates).byteLength / 10);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, compacted);
  expect(copy.getText("text").toString()).toBe(doc.getText("text").toString());
  expect(structsOf([compacted])).toEqual(structsOf(updates));
});

test("structs and deletes that wait for others are kept", () => {
  const waiting = updateBytes([{ client: 1, clock: 5, structs: [text("late", { origin: [2, 9] })] }]);
  const updates = [waiting, bringing(3, 0, 2), deleting(4, 7, 9)];
  const { base: compacted } = compactUpdates(updates);
  expect(structsOf([compacted])).toEqual(structsOf(updates));
  expect(deletesOf([compacted])).toEqual(expect.arrayContaining([...deletesOf(updates)]));
});

test("no updates, or empty ones, are compacted to an empty one", () => {
  expect(compactUpdates([]).base).toEqual(Uint8Array.of(0, 0));
  expect(compactUpdates([Uint8Array.of(0, 0), Uint8Array.of(0, 0)]).base).toEqual(Uint8Array.of(0, 0));
});

test("contradictory updates, of which Yjs would forget some, are merged instead, deleted content included", () => {
  // Each update waits for the other. Yjs' source says "it is not possible to have circles", and Yjs forgets the first.
  const circle = [
    updateBytes([{ client: 2, clock: 0, structs: [text("a", { origin: [1, 0] }), text("b", { origin: [2, 0] })] }]),
    updateBytes([{ client: 1, clock: 0, structs: [text("c", { origin: [2, 0] })] }]),
  ];
  const { base, rejected } = compactUpdates(circle);
  expect([structsOf([base]), rejected]).toEqual([structsOf(circle), []]);
});

test("an update at which Yjs throws is rejected, and the others are compacted without it", () => {
  const good = [bringing(1, 0, 1), bringing(2, 0, 3), bringing(1, 1, 2)];
  const { base, rejected } = compactUpdates([
    ...good.slice(0, 2),
    Uint8Array.of(9),
    ...good.slice(2),
    Uint8Array.of(1),
  ]);
  expect(rejected).toEqual([2, 4]);
  expect(structsOf([base])).toEqual(structsOf(good));
});

test("a compaction that would reject nearly all updates throws", () => {
  expect(() => compactUpdates(Array.from({ length: 17 }, () => Uint8Array.of(9)))).toThrow();
});

test("a summary describes its base", () => {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "hello");
  doc.getText("text").delete(1, 2);
  const { base, summary } = compactUpdates([Y.encodeStateAsUpdate(doc), bringing(7, 3, 5)]);
  const contents = decodeContents(base);
  const known = decodeSummary(summary);
  if (contents.kind === "malformed" || known === undefined) throw new Error("unreadable");
  expect([...known.structs]).toEqual([...contents.structs]);
  expect(known.structBytes).toBe(contents.structBytes);
  expect([...readBaseDeletes(base, known)]).toEqual([...contents.deletes]);
  expect(decodeSummary(Uint8Array.of(2, 1, 0))).toBeUndefined();
  expect(decodeSummary(summary.subarray(0, -1))).toBeUndefined();
});
