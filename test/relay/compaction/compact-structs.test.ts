import { expect, setDefaultTimeout, test } from "bun:test";
import * as Y from "yjs";
import { compactStructs } from "../../../src/relay/compaction/compact-structs.ts";
import { contentsOf, countsOf } from "../../../src/relay/update/update-contents.ts";
import { readPatches } from "../../support/bytes/histories.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";
import { gc, skip, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import { deletesOf, structsOf } from "../../support/bytes/y-doc-facts.ts";
import { RandomEditor, typedDoc, visibleContent } from "../../support/clients/random-editors.ts";

setDefaultTimeout(60_000);

const compact = (update: Uint8Array) => compactStructs(update, contentsOf(update));

test("a document looks the same, takes later edits as before, and holds the same clocks", () => {
  withSeeds(100, (random) => {
    const { before, after } = history(random);
    const compacted = compact(before);
    expect(structsOf([compacted])).toEqual(structsOf([before]));
    expect(deletesOf([compacted])).toEqual(deletesOf([before]));
    const [given, copy] = [typedDoc(), typedDoc()];
    Y.applyUpdate(given, before);
    Y.applyUpdate(copy, compacted);
    expect(visibleContent(copy)).toEqual(visibleContent(given));
    for (const update of after) {
      Y.applyUpdate(given, update);
      Y.applyUpdate(copy, update);
    }
    expect(visibleContent(copy)).toEqual(visibleContent(given));
    expect(structsOf([Y.encodeStateAsUpdate(copy)])).toEqual(structsOf([Y.encodeStateAsUpdate(given)]));
    // A client that has a part of the document takes the rest of it from either.
    const [late, lateCopy] = [typedDoc(), typedDoc()];
    const part = random.pick([...after, before]);
    for (const doc of [late, lateCopy]) Y.applyUpdate(doc, part);
    Y.applyUpdate(late, before);
    Y.applyUpdate(lateCopy, compacted);
    expect(visibleContent(lateCopy)).toEqual(visibleContent(late));
  });
});

test("text typed letter by letter becomes few structs, and deleted text its length", () => {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (let index = 0; index < 500; index += 1) doc.getText("t").insert(index, "x");
  doc.getText("t").delete(100, 300);
  const merged = Y.mergeUpdates(updates);
  expect(countsOf(contentsOf(merged)).structs).toBe(500);
  const compacted = compact(merged);
  expect(countsOf(contentsOf(compacted)).structs).toBe(3);
  expect(compacted.byteLength).toBeLessThan(300);
});

const typed = readPatches("automerge-paper", 20_000);

test.skipIf(typed === undefined)("a real history takes no more than a tenth more than by Yjs", () => {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const [position, deleted, inserted] of typed ?? []) {
    doc.getText("t").delete(position, deleted);
    doc.getText("t").insert(position, inserted);
  }
  let merged = updates;
  while (merged.length > 1) {
    merged = Array.from({ length: Math.ceil(merged.length / 32) }, (_, index) =>
      Y.mergeUpdates(merged.slice(32 * index, 32 * index + 32)),
    );
  }
  const compacted = compact(merged[0] ?? new Uint8Array());
  expect(compacted.byteLength).toBeLessThan(1.1 * Y.encodeStateAsUpdate(doc).byteLength);
});

test("garbage is joined, and gaps stay", () => {
  const structs = [gc(2), gc(3), text("a"), skip(4), gc(1), gc(1)];
  const compacted = compact(updateBytes([{ client: 3, clock: 0, structs }]));
  expect(compacted).toEqual(updateBytes([{ client: 3, clock: 0, structs: [gc(5), text("a"), skip(4), gc(2)] }]));
});

/** The merged updates of several editors, and those that follow. */
function history(random: Random) {
  const editors = [new RandomEditor(random), new RandomEditor(random)];
  const edit = (steps: number) => {
    for (let step = 0; step < steps; step += 1) {
      const editor = random.pick(editors);
      editor.edit();
      if (random.chance(0.3)) random.pick(editors).receive(Y.encodeStateAsUpdate(editor.doc));
    }
  };
  edit(30);
  const sent = editors.flatMap((editor) => editor.sent);
  const before = Y.mergeUpdates([...random.some(sent, random.pick([0.5, 1])), Uint8Array.of(0, 0)]);
  edit(10);
  const after = editors.flatMap((editor) => editor.sent.slice(-8));
  return { before, after };
}
