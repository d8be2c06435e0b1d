import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { BoardReader } from "../../src/web/demo/board/board-content.ts";
import { readCount, readCounter } from "../../src/web/demo/document/counter-content.ts";
import { countsOf, strokesOf, textOf } from "../../src/web/demo/document/roots.ts";
import { isPlain, readForeignText } from "../../src/web/demo/document/text-content.ts";
import { foreignRoots, type Write } from "../support/hostile/foreign-content.ts";

/** The document of the page after another program has written. A root's type is its reader's, as in the page. */
function written(write: (doc: Y.Doc) => void): Y.Doc {
  const other = new Y.Doc();
  other.transact(() => write(other));
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other));
  return doc;
}

describe("a text", () => {
  test.each([
    ["empty", () => {}],
    ["characters", (doc) => doc.getText("text").insert(0, "a\r\nb\u0000c😀")],
    ["formatted", (doc) => doc.getText("text").insert(0, "bold", { bold: true, link: { href: "javascript:0" } })],
    ["an XML text", (doc) => doc.get("text", Y.XmlText).insert(0, "text")],
    ["a fragment that is empty again", emptied],
  ] satisfies [string, Write][])("that is %s is plain", (_, write) => {
    const text = textOf(written(write));
    expect(isPlain(text)).toBe(true);
    expect(text.toString().length).toBe(text.length);
  });

  test.each(foreignRoots("text"))("that holds %s is not plain, and is shown with placeholders", (_, write) => {
    const doc = written((other) => {
      write(other);
      if (other.share.get("text")?.constructor === Y.Text) other.getText("text").insert(0, "before ");
    });
    const text = textOf(doc);
    expect(isPlain(text)).toBe(false);
    const { pieces, isWhole } = readForeignText(text);
    expect(isWhole).toBe(true);
    expect(pieces.filter(({ kind }) => kind === "placeholder")).not.toEqual([]);
    expect(JSON.stringify(pieces).length).toBeLessThan(1_000);
  });

  test("is read without deleted content", () => {
    const doc = written((other) => {
      const text = other.getText("text");
      text.insertEmbed(0, {});
      text.delete(0, 1);
      text.insert(0, "kept");
    });
    expect(isPlain(textOf(doc))).toBe(true);
  });

  test("is shown up to a length", () => {
    const long = written((doc) => {
      doc.getText("text").insert(0, "x".repeat(1_000_000));
      doc.getText("text").insertEmbed(0, {});
    });
    const many = written((doc) => {
      for (let count = 0; count < 1_000; count += 1) doc.getText("text").insertEmbed(0, {});
    });
    for (const doc of [long, many]) {
      const { pieces, isWhole } = readForeignText(textOf(doc));
      expect(JSON.stringify(pieces).length).toBeLessThan(40_000);
      expect(isWhole).toBe(doc !== many);
    }
  });
});

function emptied(doc: Y.Doc): void {
  const fragment = doc.get("text", Y.XmlFragment);
  fragment.insert(0, [new Y.XmlElement("p")]);
  fragment.delete(0, 1);
}

describe("a board", () => {
  const stroke = { color: "#336699", points: [[1, 2]] };

  test("shows the strokes of windows", () => {
    const doc = written((other) => other.getArray("strokes").push([stroke, { ...stroke }]));
    const expected = { color: "#336699", points: [[1, 2]] as [number, number][] };
    expect(new BoardReader().read(strokesOf(doc))).toEqual({ strokes: [expected, expected], hasMore: false });
  });

  test.each(foreignRoots("strokes"))("whose root holds %s shows none of it", (_, write) => {
    expect(new BoardReader().read(strokesOf(written(write)))).toEqual({ strokes: [], hasMore: true });
  });

  test.each([
    { ...stroke, color: "red;position:fixed" },
    { ...stroke, points: [[Number.NaN, 0]] },
    { ...stroke, points: [[1e308, 0]] },
    { ...stroke, points: "text" },
    { ...stroke, points: Array.from({ length: 100_000 }, () => [0, 0]) },
    { points: [] },
    "text",
  ])("shows a stroke but not what follows", (foreign) => {
    const doc = written((other) => other.getArray<unknown>("strokes").push([stroke, foreign]));
    const { strokes, hasMore } = new BoardReader().read(strokesOf(doc));
    expect([strokes.length, hasMore]).toEqual([1, true]);
  });

  test("shows the newest 2,000 strokes, and 100,000 points", () => {
    const points = Array.from({ length: 300 }, () => [1, 1]);
    const many = written((doc) => doc.getArray("strokes").push(Array.from({ length: 3_000 }, () => stroke)));
    const long = written((doc) =>
      doc.getArray("strokes").push(Array.from({ length: 1_000 }, () => ({ ...stroke, points }))),
    );
    expect(new BoardReader().read(strokesOf(many))).toMatchObject({ strokes: { length: 2_000 }, hasMore: true });
    expect(new BoardReader().read(strokesOf(long))).toMatchObject({ strokes: { length: 333 }, hasMore: true });
  });
});

describe("a counter", () => {
  test("is the sum of the counts of all windows", () => {
    const doc = written((other) => {
      other.getMap("counter").set("1", 2);
      other.getMap("counter").set("2", 3);
    });
    expect(readCounter(countsOf(doc))).toEqual({ sum: 5, isForeign: false });
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, 1n, "5", null, true, { valueOf: 7 }])(
    "leaves out %p",
    (value) => {
      const doc = written((other) => {
        other.getMap<unknown>("counter").set("1", value);
        other.getMap<unknown>("counter").set("2", 3);
      });
      expect(readCounter(countsOf(doc))).toEqual({ sum: 3, isForeign: true });
      expect(readCount(countsOf(doc).get("1"))).toBeUndefined();
    },
  );

  test.each(foreignRoots("counter"))("whose root holds %s leaves it out", (_, write) => {
    expect(readCounter(countsOf(written(write)))).toEqual({ sum: 0, isForeign: true });
  });
});
