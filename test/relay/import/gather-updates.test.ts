import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { gatherUpdates } from "../../../src/relay/import/gather-updates.ts";
import { session } from "../../support/bytes/mutations.ts";
import { withSeeds } from "../../support/bytes/random.ts";
import { bringing, text, updateBytes } from "../../support/bytes/update-bytes.ts";
import { clocksIn, deletesOf, structsOf } from "../../support/bytes/y-doc-facts.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";

const plenty = { documentBytes: 1_000_000, keepsDeleted: false };

function shown(updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText("t").toString();
}

const typed = updatesOf((doc) => {
  for (const word of ["one ", "two ", "three "]) doc.getText("t").insert(doc.getText("t").length, word);
  doc.getText("t").delete(0, 4);
});
const typedText = shown(typed);

const none = Uint8Array.of(0, 0);
const broken = Uint8Array.of(1, 2, 3);
/** An update at which Yjs throws when another struct has its first clock. */
const contradicting = updateBytes([{ client: 7, clock: 0, structs: [text("ab", { parent: "t" })] }]);

describe("the updates of a document", () => {
  test("become one with the same content, without what was deleted", () => {
    const { gathered, ...counts } = gatherUpdates(typed, plenty);
    expect(counts).toEqual({ count: typed.length, leftOut: 0, reason: undefined });
    expect(gathered && shown([gathered.update])).toBe(typedText);
    expect(Buffer.from(gathered?.update ?? []).includes("one")).toBe(false);
  });

  test("become one with what was deleted where that is kept", () => {
    const { gathered } = gatherUpdates(typed, { ...plenty, keepsDeleted: true });
    expect(gathered && shown([gathered.update])).toBe(typedText);
    expect(Buffer.from(gathered?.update ?? []).includes("one")).toBe(true);
  });

  test("may be none, or empty", () => {
    expect(gatherUpdates([], plenty)).toEqual({ gathered: undefined, count: 0, leftOut: 0, reason: undefined });
    expect(gatherUpdates([Uint8Array.of(0, 0)], plenty).gathered?.contents.isEmpty).toBe(true);
  });

  test("are normalised if Yjs would write them differently", () => {
    const ascending = updateBytes([
      { client: 1, clock: 0, structs: [text("a", { parent: "t" })] },
      { client: 2, clock: 0, structs: [text("b", { origin: [1, 0] })] },
    ]);
    const { gathered, leftOut } = gatherUpdates([ascending], plenty);
    expect([leftOut, gathered && shown([gathered.update])]).toEqual([0, "ab"]);
  });

  test("are gathered without those that are not updates", () => {
    const { gathered, ...counts } = gatherUpdates([broken, ...typed, broken], plenty);
    expect(counts).toEqual({
      count: typed.length + 2,
      leftOut: 2,
      reason: expect.stringMatching(/^not a Yjs update: \w/),
    });
    expect(gathered && shown([gathered.update])).toBe(typedText);
  });

  test("are gathered without those at which Yjs throws", () => {
    const { gathered, ...counts } = gatherUpdates([bringing(7, 0, 1), contradicting, bringing(7, 1, 4)], plenty);
    expect(counts).toEqual({ count: 3, leftOut: 1, reason: "Yjs cannot apply it" });
    expect(gathered && structsOf([gathered.update])).toEqual([[7, [[0, 4]]]]);
  });

  test("are not gathered when too many cannot be applied", () => {
    const all = [bringing(7, 0, 1), ...Array.from({ length: 17 }, () => contradicting)];
    expect(gatherUpdates(all, plenty)).toEqual({
      gathered: undefined,
      count: 18,
      leftOut: 18,
      reason: expect.stringMatching(/^Yjs cannot load it: \w/),
    });
  });

  test("are merged in between when they are many", () => {
    withSeeds(20, (random) => {
      const updates = session(random);
      const atOnce = gatherUpdates(updates, plenty).gathered;
      const bytes = atOnce?.update.byteLength ?? 0;
      const folded = gatherUpdates(updates, { ...plenty, documentBytes: bytes + 20 }).gathered;
      expect(updates.reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeGreaterThan(2 * (bytes + 20));
      expect([structsOf([folded?.update ?? none]), deletesOf([folded?.update ?? none])]).toEqual([
        structsOf([atOnce?.update ?? none]),
        deletesOf([atOnce?.update ?? none]),
      ]);
      const contents = folded && {
        structs: clocksIn(folded.contents.structs),
        deletes: clocksIn(folded.contents.deletes),
      };
      expect(contents).toEqual({ structs: structsOf(updates), deletes: deletesOf(updates) });
    });
  });

  test("are gathered without one that was too large to be read", () => {
    const { gathered, ...counts } = gatherUpdates([...typed, { bytes: 900_000_000 }], plenty);
    expect(shown(gathered === undefined ? [] : [gathered.update])).toBe(typedText);
    expect(counts).toEqual({ count: typed.length + 1, leftOut: 1, reason: "update too large: 900000000 bytes" });
  });

  test("are rejected when the merged update is larger than the limit", () => {
    const large = Array.from({ length: 10 }, (_, index) =>
      updatesOf((doc) => doc.getText("t").insert(0, `${index}`.repeat(100))),
    ).flat();
    let read = 0;
    const counted = (function* () {
      for (const update of large) {
        read += 1;
        yield update;
      }
    })();
    expect(gatherUpdates(counted, { ...plenty, documentBytes: 200 })).toEqual({
      gathered: undefined,
      count: read,
      leftOut: read,
      reason: expect.stringMatching(/^document too large: it would have \d+ bytes, and the limit is 200$/),
    });
    expect(read).toBeLessThan(large.length);
  });

  test("throw the error that reading them throws", () => {
    const failing = (function* () {
      yield bringing(1, 0, 1);
      throw new Error("the disk is gone");
    })();
    expect(() => gatherUpdates(failing, plenty)).toThrow("the disk is gone");
  });
});
