import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { compactUpdates } from "../../../src/relay/compaction/compact-updates.ts";
import { decodeSummary, readBaseDeletes } from "../../../src/relay/update/base-summary.ts";
import { decodeContents } from "../../../src/relay/update/update-contents.ts";
import { bringing, deleting, gc, text, updateBytes } from "../../support/bytes/update-bytes.ts";
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

describe("a document whose deleted content is kept", () => {
  /** Types and deletes in all kinds of content, with the snapshots that an application took in between. */
  function written() {
    const doc = new Y.Doc({ gc: false });
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    const [words, map, list, xml] = [doc.getText("t"), doc.getMap("m"), doc.getArray("l"), doc.getXmlFragment("x")];
    const snapshots: Y.Snapshot[] = [];
    for (let round = 0; round < 20; round += 1) {
      words.insert(round, `round ${round} `, { bold: round % 2 === 0 });
      words.delete(0, 5);
      map.set("key", new Y.Map([["round", round]]));
      list.insert(0, [round, new Y.Text("nested")]);
      if (round > 2) list.delete(1, 2);
      const element = new Y.XmlElement("p");
      element.insert(0, [new Y.XmlText(`round ${round}`)]);
      xml.insert(0, [element]);
      if (round % 3 === 0) xml.delete(0, 1);
      snapshots.push(Y.snapshot(doc));
    }
    return { doc, updates, snapshots };
  }

  const shownAt = (doc: Y.Doc, snapshot: Y.Snapshot) => {
    const past = Y.createDocFromSnapshot(doc, snapshot);
    const shown = [past.getText("t").toDelta(), past.getMap("m"), past.getArray("l"), past.getXmlFragment("x")];
    return JSON.stringify(shown);
  };

  const loaded = (base: Uint8Array) => {
    const doc = new Y.Doc({ gc: false });
    Y.applyUpdate(doc, base);
    return doc;
  };

  test("shows each of its snapshots as before, also when it has been compacted again and again", () => {
    const { doc, updates, snapshots } = written();
    const expected = snapshots.map((snapshot) => shownAt(doc, snapshot));
    let base = Uint8Array.of(0, 0);
    for (let first = 0; first < updates.length; first += 17) {
      const given = [base, ...updates.slice(first, first + 17)];
      const compacted = compactUpdates(given, { keepsDeleted: true });
      expect(compacted.rejected).toEqual([]);
      base = Uint8Array.from(compacted.base);
    }
    expect(snapshots.map((snapshot) => shownAt(loaded(base), snapshot))).toEqual(expected);
    expect(Y.equalSnapshots(Y.snapshot(loaded(base)), Y.snapshot(doc))).toBe(true);
  });

  test("would not, if the content were collected", () => {
    const { doc, updates, snapshots } = written();
    const [, , early] = snapshots;
    if (early === undefined) throw new Error("there is no snapshot");
    const { base } = compactUpdates(updates);
    expect(shownAt(loaded(base), early)).not.toBe(shownAt(doc, early));
  });

  test("keeps it also when an update is rejected", () => {
    const { doc, updates, snapshots } = written();
    const { base, rejected } = compactUpdates([...updates, Uint8Array.of(9)], { keepsDeleted: true });
    expect(rejected).toEqual([updates.length]);
    expect(snapshots.map((snapshot) => shownAt(loaded(base), snapshot))).toEqual(
      snapshots.map((snapshot) => shownAt(doc, snapshot)),
    );
  });
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

test("a document for which Yjs would need too much memory is compacted without it", () => {
  const others = Array.from({ length: 65_000 }, (_, index) => ({ client: 65_000 - index, clock: 0, structs: [gc(1)] }));
  // Yjs joins the letters of the first client only where they are next to each other.
  const between = { client: 80_001, clock: 0, structs: [text("x", { origin: [80_000, 0], rightOrigin: [80_000, 1] })] };
  const typed = { client: 80_000, clock: 0, structs: [text("a"), text("b", { origin: [80_000, 0] })] };
  const written = [updateBytes([between, typed], [{ client: 80_001, ranges: [[0, 1]] }]), updateBytes(others)];
  const structsIn = (updates: readonly Uint8Array[]) => {
    const known = decodeSummary(compactUpdates(updates).summary);
    return known?.counts.structs;
  };
  expect(structsIn(written.slice(0, 1))).toBe(3);
  expect(structsIn(written)).toBe(others.length + 2);
  expect(structsOf([compactUpdates(written).base])).toEqual(structsOf(written));
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
