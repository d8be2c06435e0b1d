import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import type { RootKind } from "../../../src/documents/edits/content/root-type.ts";
import { filled, readJson, readText, run } from "../../support/documents/content-tasks.ts";

const xmlText = (text: string, attributes?: Record<string, unknown>) => {
  const node = new Y.XmlText();
  node.insert(0, text, attributes);
  return node;
};

const element = (name: string, children: (Y.XmlElement | Y.XmlText)[], attributes: Record<string, string> = {}) => {
  const node = new Y.XmlElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.insert(0, children);
  return node;
};

/** A root of each type. */
const rich = () =>
  filled((doc) => {
    doc.getMap("settings").set("color", "red");
    doc.getMap("settings").set("nested", new Y.Map([["deep", new Y.Text("inside")]]));
    doc.getArray("tasks").push(["one", { done: false }, 3.5, null]);
    doc.getText("notes").insert(0, "plain ");
    doc.getText("notes").insert(6, "bold", { bold: true });
    doc
      .getXmlFragment("page")
      .insert(0, [
        element("heading", [xmlText("Title")], { level: "1" }),
        element("paragraph", [xmlText("a < b & c")]),
      ]);
  });

describe("the JSON of a document", () => {
  test("shows each root as the type that its content has", () => {
    expect(readJson(rich())).toEqual({
      notes: "plain bold",
      page: '<heading level="1">Title</heading><paragraph>a &lt; b &amp; c</paragraph>',
      settings: { color: "red", nested: { deep: "inside" } },
      tasks: ["one", { done: false }, 3.5, null],
    });
  });

  test("of one root is that of the root alone", () => {
    expect(readJson(rich(), "tasks")).toEqual(["one", { done: false }, 3.5, null]);
  });

  test("leaves out a root whose content is deleted, and one that was never written", () => {
    const doc = rich();
    doc.getArray("tasks").delete(0, 4);
    doc.getMap("settings").clear();
    doc.getText("empty");
    expect(Object.keys(readJson(doc) as object)).toEqual(["notes", "page"]);
  });

  test("shows what JSON lacks: bytes, big integers, NaN, undefined, subdocuments, keys like that of the prototype", () => {
    const doc = filled((filling) => {
      const map = filling.getMap("map");
      map.set("bytes", Uint8Array.of(1, 2, 3));
      map.set("big", 1_152_921_504_606_846_976n);
      map.set("nan", Number.NaN);
      map.set("undefined", undefined);
      map.set("document", new Y.Doc({ guid: "sub" }));
      map.set("__proto__", "own");
    });
    expect(JSON.parse(readText(doc, { kind: "json", root: "map" }))).toEqual(
      JSON.parse(
        '{"bytes":"AQID","big":"1152921504606846976","nan":null,"undefined":null,"document":{"guid":"sub"},"__proto__":"own"}',
      ),
    );
  });

  test("of content that nests too deep is refused", () => {
    const doc = new Y.Doc();
    let inner = doc.getMap("map");
    for (let depth = 0; depth < 600; depth += 1) {
      const next = new Y.Map<unknown>();
      inner.set("in", next);
      inner = next;
    }
    inner.set("end", true);
    expect(run(doc, { kind: "json" })).toMatchObject({ kind: "refused", code: "document-too-complex" });
  });
});

describe("the type of a root", () => {
  /** The content of a root, its type, and the other types that might have it as well. */
  const roots: readonly (readonly [string, RootKind, readonly RootKind[], (doc: Y.Doc) => void])[] = [
    ["characters", "text", [], (doc) => doc.getText("root").insert(0, "a")],
    ["an embedded object", "text", [], (doc) => doc.getText("root").insertEmbed(0, { image: "x" })],
    ["elements", "xml", ["text", "array"], (doc) => doc.getXmlFragment("root").insert(0, [new Y.XmlElement("p")])],
    ["texts of XML", "xml", ["text", "array"], (doc) => doc.getXmlFragment("root").insert(0, [new Y.XmlText("p")])],
    ["values", "array", ["text"], (doc) => doc.getArray("root").push([1])],
    ["shared maps", "array", ["text"], (doc) => doc.getArray("root").push([new Y.Map()])],
    ["bytes", "array", ["text"], (doc) => doc.getArray("root").push([Uint8Array.of(1)])],
    ["entries", "map", [], (doc) => doc.getMap("root").set("key", 1)],
  ];

  test.each(roots)("with %s is %s", (_, kind, others, fill) => {
    const doc = filled(fill);
    expect(run(doc, { kind: "json", root: "root" })).toEqual(run(doc, { kind: "json", root: "root", as: kind }));
    for (const as of ["map", "array", "text", "xml"] as const) {
      const isTaken = run(doc, { kind: "json", root: "root", as }).kind === "read";
      expect([as, isTaken]).toEqual([as, as === kind || others.includes(as)]);
    }
    expect(run(doc, { kind: "xml", root: "root" }).kind).toBe(kind === "xml" ? "read" : "refused");
  });

  test.each([
    ["map", "{}"],
    ["array", "[]"],
    ["text", '""'],
    ["xml", '""'],
  ] as const)("without content is the one that is asked for: %s", (as, json) => {
    expect(readText(new Y.Doc(), { kind: "json", root: "root", as })).toBe(json);
  });

  test("without content is not found", () => {
    expect(run(new Y.Doc(), { kind: "json", root: "root" })).toMatchObject({ kind: "refused", code: "root-not-found" });
  });
});

describe("the text of a root", () => {
  test("is that of a text without its formatting", () => {
    expect(readText(rich(), { kind: "text", root: "notes" })).toBe("plain bold");
  });

  test("has one character for each embedded object, so that positions are those of the text", () => {
    const doc = filled((filling) => {
      const text = filling.getText("text");
      text.insert(0, "ab");
      text.insertEmbed(1, { image: "x" });
    });
    expect(readText(doc, { kind: "text", root: "text" })).toBe("a\uFFFCb");
  });

  test("of XML has a line for each element with text", () => {
    const doc = filled((filling) => {
      filling
        .getXmlFragment("page")
        .insert(0, [
          element("heading", [xmlText("Title")]),
          element("list", [
            element("item", [element("paragraph", [xmlText("one"), new Y.XmlElement("image"), xmlText("two")])]),
            element("item", [element("paragraph", [])]),
          ]),
          element("paragraph", [xmlText("end")]),
        ]);
    });
    expect(readText(doc, { kind: "text", root: "page" })).toBe("Title\none\uFFFCtwo\n\nend");
  });

  test("of a map or an array is refused", () => {
    for (const root of ["settings", "tasks"]) {
      expect(run(rich(), { kind: "text", root })).toMatchObject({ kind: "refused", code: "root-type-mismatch" });
    }
  });

  test("with its formatting is the list that Yjs writes", () => {
    expect(JSON.parse(readText(rich(), { kind: "delta", root: "notes" }))).toEqual([
      { insert: "plain " },
      { insert: "bold", attributes: { bold: true } },
    ]);
    expect(run(rich(), { kind: "delta", root: "page" })).toMatchObject({ code: "root-type-mismatch" });
  });
});

describe("the XML of a root", () => {
  test("has formatting as elements, and escapes what is no markup", () => {
    const doc = filled((filling) => {
      filling
        .getXmlFragment("page")
        .insert(0, [
          element("p", [xmlText('<"&\u0000', { link: { href: 'a"b' }, bold: true })], { "1 bad name": "\n<x>", b: "" }),
        ]);
    });
    expect(readText(doc, { kind: "xml", root: "page" })).toBe(
      '<p _1_bad_name="\n&lt;x&gt;" b=""><bold><link href="a&quot;b">&lt;&quot;&amp;\uFFFD</link></bold></p>',
    );
  });

  test("shows embedded objects", () => {
    const doc = filled((filling) => {
      const text = new Y.XmlText("a");
      filling.getXmlFragment("page").insert(0, [text]);
      text.insertEmbed(1, { image: "x" });
    });
    expect(readText(doc, { kind: "xml", root: "page" })).toBe('a<embed value="{&quot;image&quot;:&quot;x&quot;}"/>');
  });

  test("of another type is refused", () => {
    expect(run(rich(), { kind: "xml", root: "notes" })).toMatchObject({ kind: "refused", code: "root-type-mismatch" });
  });
});

describe("a job", () => {
  test("on a document that takes too much memory is refused", () => {
    const reply = run(rich(), { kind: "json" }, { maxDocBytes: 100 });
    expect(reply).toMatchObject({ kind: "refused", code: "document-too-complex" });
  });

  test("reads a document of which Yjs cannot apply one update", () => {
    const good = Y.encodeStateAsUpdate(rich());
    const reply = run(rich(), { kind: "json", root: "tasks" }, { content: packed(good, Uint8Array.of(9, 9, 9)) });
    expect(reply).toMatchObject({ kind: "read" });
  });

  test("encodes the whole document, or what a state vector lacks, in either format", () => {
    const doc = rich();
    const before = Y.encodeStateVector(doc);
    doc.getText("notes").insert(0, "new ");
    for (const format of [1, 2] as const) {
      const [whole, rest] = [undefined, before].map((stateVector) => run(doc, { kind: "update", format, stateVector }));
      if (whole?.kind !== "read" || rest?.kind !== "read") throw new Error("no update");
      const copy = new Y.Doc();
      (format === 1 ? Y.applyUpdate : Y.applyUpdateV2)(copy, whole.body);
      expect(copy.getText("notes").toString()).toBe("new plain bold");
      expect(rest.body.byteLength).toBeLessThan(whole.body.byteLength / 2);
    }
  });
});

function packed(...updates: Uint8Array[]) {
  const bytes = new Uint8Array(Buffer.concat(updates));
  return { bytes, lengths: Uint32Array.from(updates, ({ byteLength }) => byteLength) };
}
