import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { apply, copyOf, filled, patch, readJson, readText } from "../../support/documents/content-tasks.ts";

const notes = () =>
  filled((doc) => {
    const tasks = new Y.Array<unknown>();
    tasks.push([new Y.Map<unknown>([["name", "one"]]), new Y.Map<unknown>([["name", "two"]])]);
    doc.getMap("board").set("tasks", tasks);
    doc.getMap("board").set("a/b~c", 1);
    doc.getMap("board").set("plain", { list: [1, { deep: true }], bytes: Uint8Array.of(1) });
    doc.getMap("board").set("title", "Old title");
    doc.getText("text").insert(0, "# Heading\nbody body");
    const paragraph = new Y.XmlElement("p");
    paragraph.insert(0, [new Y.XmlText("in a paragraph")]);
    doc.getXmlFragment("page").insert(0, [paragraph, new Y.XmlElement("hr")]);
    doc.getArray("list").push(["a", "b", "c"]);
  });

const json = () => readJson(notes()) as { board: Record<string, unknown>; list: unknown[]; text: string };

/** The document after a patch. */
const patched = (...operations: unknown[]) => {
  const doc = notes();
  return readJson(apply(doc, patch(doc, operations))) as ReturnType<typeof json>;
};

describe("a patch", () => {
  test.each([
    ["adds a key", { op: "add", path: "/board/new", value: [1] }, { new: [1] }],
    ["replaces a key", { op: "replace", path: "/board/title", value: "New" }, { title: "New" }],
    ["adds a key that exists", { op: "add", path: "/board/title", value: 3 }, { title: 3 }],
    ["finds escaped keys", { op: "replace", path: "/board/a~1b~0c", value: 2 }, { "a/b~c": 2 }],
    [
      "inserts into an array",
      { op: "add", path: "/board/tasks/1", value: { name: "new" } },
      { tasks: [{ name: "one" }, { name: "new" }, { name: "two" }] },
    ],
    [
      "appends to an array",
      { op: "add", path: "/board/tasks/-", value: 5 },
      { tasks: [{ name: "one" }, { name: "two" }, 5] },
    ],
    ["removes from an array", { op: "remove", path: "/board/tasks/0" }, { tasks: [{ name: "two" }] }],
    ["replaces in an array", { op: "replace", path: "/board/tasks/0", value: "x" }, { tasks: ["x", { name: "two" }] }],
    [
      "changes a plain object as a whole",
      { op: "add", path: "/board/plain/list/1/more", value: { x: 1 } },
      { plain: { list: [1, { deep: true, more: { x: 1 } }], bytes: "AQ==" } },
    ],
    [
      "inserts into a plain array",
      { op: "add", path: "/board/plain/list/0", value: 0 },
      { plain: { list: [0, 1, { deep: true }], bytes: "AQ==" } },
    ],
    ["removes from a plain object", { op: "remove", path: "/board/plain/list" }, { plain: { bytes: "AQ==" } }],
    ["copies a shared value", { op: "copy", from: "/board/tasks/0", path: "/board/copy" }, { copy: { name: "one" } }],
    [
      "copies between plain values",
      { op: "copy", from: "/board/plain/list/1", path: "/board/plain/list/-" },
      { plain: { list: [1, { deep: true }, { deep: true }], bytes: "AQ==" } },
    ],
    [
      "moves in an array",
      { op: "move", from: "/board/tasks/0", path: "/board/tasks/1" },
      { tasks: [{ name: "two" }, { name: "one" }] },
    ],
    [
      "changes a plain string as a text",
      { op: "text", path: "/board/title", at: 0, del: 3, ins: "New" },
      { title: "New title" },
    ],
  ])("%s", (_, operation, change) => {
    expect(patched(operation)).toEqual({ ...json(), board: { ...json().board, ...change } });
  });

  test("removes a key", () => {
    const { "a/b~c": _, ...rest } = json().board;
    expect(patched({ op: "remove", path: "/board/a~1b~0c" }).board).toEqual(rest);
  });

  test("moves a value out of an object", () => {
    const { tasks, ...rest } = json().board;
    expect(patched({ op: "move", from: "/board/tasks", path: "/board/done" }).board).toEqual({ ...rest, done: tasks });
  });

  test("keeps the formatting of a text that it copies", () => {
    const doc = filled((filling) => {
      filling.getText("text").insert(0, "bold", { bold: true });
      filling.getMap("map").set("key", 1);
    });
    apply(doc, patch(doc, [{ op: "copy", from: "/text", path: "/map/copy" }]));
    expect((doc.getMap("map").get("copy") as Y.Text).toDelta()).toEqual([
      { insert: "bold", attributes: { bold: true } },
    ]);
  });

  test("replaces, empties and tests roots", () => {
    const result = patched(
      { op: "test", path: "/list", value: ["a", "b", "c"] },
      { op: "replace", path: "/list", value: ["c"] },
      { op: "remove", path: "/text" },
      { op: "remove", path: "/board" },
      { op: "test", path: "", value: { list: ["c"], page: "<p>in a paragraph</p><hr/>" } },
      { op: "remove", path: "/page" },
    );
    expect(result as unknown).toEqual({ list: ["c"] });
  });

  test("applies its operations in order, each on the result of those before", () => {
    const { list } = patched(
      { op: "add", path: "/list/0", value: "x" },
      { op: "test", path: "/list/1", value: "a" },
      { op: "remove", path: "/list/1" },
      { op: "move", from: "/list/0", path: "/list/-" },
    );
    expect(list).toEqual(["b", "c", "x"]);
  });

  test("that changes nothing is no edit", () => {
    expect(patch(notes(), [])).toEqual({ kind: "unchanged" });
    expect(patch(notes(), [{ op: "test", path: "/list/0", value: "a" }])).toEqual({ kind: "unchanged" });
    expect(patch(notes(), [{ op: "replace", path: "/list/0", value: "a" }])).toEqual({ kind: "unchanged" });
  });

  test("keeps what another client edits meanwhile in the value that it replaces by one alike", () => {
    const doc = notes();
    const other = copyOf(doc);
    ((other.getMap("board").get("tasks") as Y.Array<Y.Map<unknown>>).get(0) as Y.Map<unknown>).set("done", true);
    apply(other, patch(doc, [{ op: "replace", path: "/board/tasks/0", value: { name: "new" } }]));
    expect(readJson(other, "board")).toMatchObject({ tasks: [{ name: "new", done: true }, { name: "two" }] });
  });

  test("creates roots of the type that it names", () => {
    const doc = new Y.Doc();
    apply(
      doc,
      patch(doc, [
        { op: "add", path: "/map", value: { a: 1 }, as: "map" },
        { op: "add", path: "/list/-", value: 1, as: "array" },
        { op: "add", path: "/auto", value: "text", as: "auto" },
        { op: "text", path: "/text", at: 0, ins: "typed" },
      ]),
    );
    expect(readJson(doc)).toEqual({ map: { a: 1 }, list: [1], auto: "text", text: "typed" });
    expect([doc.getText("auto").toString(), doc.getText("text").toString()]).toEqual(["text", "typed"]);
    const second = apply(new Y.Doc(), patch(new Y.Doc(), [{ op: "add", path: "/m/a", value: 1 }], { as: "map" }));
    expect(readJson(second)).toEqual({ m: { a: 1 } });
  });
});

describe("a change of a text", () => {
  const changed = (operation: object) => {
    const doc = notes();
    apply(doc, patch(doc, [{ op: "text", path: "/text", ...operation }]));
    return doc.getText("text").toString();
  };

  test.each([
    [{ at: 2, ins: "New " }, "# New Heading\nbody body"],
    [{ at: 0, del: 10 }, "body body"],
    [{ at: 2, del: 7, ins: "Title" }, "# Title\nbody body"],
    [{ find: "Heading", ins: "Title" }, "# Title\nbody body"],
    [{ find: "# ", del: 0, ins: "#" }, "## Heading\nbody body"],
    [{ find: " body", ins: "" }, "# Heading\nbody"],
    [{ at: 19, ins: "." }, "# Heading\nbody body."],
  ])("%j", (operation, text) => {
    expect(changed(operation)).toBe(text);
  });

  test("is merged with those of a person who types meanwhile", () => {
    const doc = notes();
    const other = copyOf(doc);
    other.getText("text").insert(19, ", typed");
    apply(other, patch(doc, [{ op: "text", path: "/text", find: "Heading", ins: "Title" }]));
    expect(other.getText("text").toString()).toBe("# Title\nbody body, typed");
  });

  test("reaches the texts in XML, which keep their formatting", () => {
    const doc = filled((filling) => {
      const text = new Y.XmlText();
      text.insert(0, "old", { bold: true });
      text.insert(3, " rest", {});
      const paragraph = new Y.XmlElement("p");
      paragraph.insert(0, [text]);
      filling.getXmlFragment("page").insert(0, [paragraph]);
    });
    apply(doc, patch(doc, [{ op: "text", path: "/page/0/0", find: "old", ins: "new" }]));
    expect(readText(doc, { kind: "xml", root: "page" })).toBe("<p><bold>new</bold> rest</p>");
    apply(doc, patch(doc, [{ op: "text", path: "/page/0/0", at: 4, len: 4, attrs: { italic: true } }]));
    expect(readText(doc, { kind: "xml", root: "page" })).toBe("<p><bold>new</bold> <italic>rest</italic></p>");
    apply(doc, patch(doc, [{ op: "text", path: "/page/0/0", at: 0, ins: "x", attrs: {} }]));
    expect(readText(doc, { kind: "xml", root: "page" })).toBe("<p>x<bold>new</bold> <italic>rest</italic></p>");
    apply(doc, patch(doc, [{ op: "text", path: "/page/0/0", at: 1, len: 3, attrs: { bold: null } }]));
    expect(readText(doc, { kind: "xml", root: "page" })).toBe("<p>xnew <italic>rest</italic></p>");
  });

  test("counts an embedded object as one character", () => {
    const doc = filled((filling) => {
      filling.getText("text").insert(0, "ab");
      filling.getText("text").insertEmbed(1, { image: "x" });
    });
    apply(doc, patch(doc, [{ op: "text", path: "/text", at: 2, ins: "c" }]));
    expect(doc.getText("text").toDelta()).toEqual([{ insert: "a" }, { insert: { image: "x" } }, { insert: "cb" }]);
  });
});

describe("a patch is refused, with the place of its fault, that", () => {
  const text = { op: "text", path: "/text" };
  test.each([
    ["is no list", { op: "add" }, "invalid-request", ""],
    ["has an operation that is no object", [1], "invalid-request", "/0"],
    ["has an unknown operation", [{ op: "merge", path: "/a" }], "invalid-request", "/0/op"],
    ["has no path", [{ op: "remove" }], "invalid-request", "/0/path"],
    ["has no value", [{ op: "add", path: "/list/0" }], "invalid-request", "/0"],
    ["has no source", [{ op: "move", path: "/list/0" }], "invalid-request", "/0/from"],
    ["names an unknown type", [{ op: "add", path: "/x", value: 1, as: "set" }], "invalid-request", "/0/as"],
    ["has a path without a slash", [{ op: "remove", path: "list" }], "malformed-pointer", "/0/path"],
    ["has a path with a lone tilde", [{ op: "remove", path: "/a~2" }], "malformed-pointer", "/0/path"],
    ["removes a key that is not there", [{ op: "remove", path: "/board/none" }], "path-not-found", "/0/path"],
    ["removes from a scalar", [{ op: "remove", path: "/board/title/x" }], "path-not-found", "/0/path"],
    ["names an index with a zero in front", [{ op: "remove", path: "/list/01" }], "path-not-found", "/0/path"],
    ["removes behind the end", [{ op: "remove", path: "/list/3" }], "path-not-found", "/0/path"],
    ["replaces the place behind the end", [{ op: "replace", path: "/list/-", value: 1 }], "path-not-found", "/0/path"],
    ["inserts behind the end", [{ op: "add", path: "/list/4", value: 1 }], "out-of-range", "/0/path"],
    ["replaces the document", [{ op: "replace", path: "", value: {} }], "wrong-value", "/0/path"],
    ["writes a root of unknown type", [{ op: "add", path: "/none/a", value: 1 }], "root-type-unknown", "/0/path"],
    ["adds XML", [{ op: "add", path: "/page/0", value: "<p/>" }], "not-expressible", "/0/path"],
    ["copies a root onto another", [{ op: "copy", from: "/text", path: "/list" }], "not-expressible", "/0/path"],
    ["copies what is not there", [{ op: "copy", from: "/list/9", path: "/list/0" }], "path-not-found", "/0/from"],
    [
      "copies a shared value into a plain one",
      [{ op: "copy", from: "/text", path: "/board/plain/x" }],
      "wrong-value",
      "/0/path",
    ],
    [
      "moves a value into itself",
      [{ op: "move", from: "/board/tasks", path: "/board/tasks/0" }],
      "wrong-value",
      "/0/path",
    ],
    ["tests for another value", [{ op: "test", path: "/list/0", value: "b" }], "test-failed", "/0"],
    ["tests an absent value", [{ op: "test", path: "/list/9", value: "b" }], "path-not-found", "/0/path"],
    ["changes the text of a list", [{ op: "text", path: "/list", at: 0, ins: "a" }], "wrong-value", "/0/path"],
    [
      "changes the text of a number",
      [{ op: "text", path: "/board/a~1b~0c", at: 0, ins: "a" }],
      "wrong-value",
      "/0/path",
    ],
    ["changes a text behind its end", [{ ...text, at: 20, ins: "a" }], "out-of-range", "/0/path"],
    ["deletes behind the end of a text", [{ ...text, at: 19, del: 1 }], "out-of-range", "/0/path"],
    ["has no position", [{ ...text, ins: "a" }], "invalid-request", "/0"],
    ["has two positions", [{ ...text, at: 0, find: "a" }], "invalid-request", "/0/at"],
    ["has a negative position", [{ ...text, at: -1 }], "invalid-request", "/0/at"],
    ["has half a position", [{ ...text, at: 0.5 }], "invalid-request", "/0/at"],
    ["inserts no string", [{ ...text, at: 0, ins: 1 }], "invalid-request", "/0/ins"],
    ["formats without formatting", [{ ...text, at: 0, len: 1 }], "invalid-request", "/0/len"],
    ["finds nothing", [{ ...text, find: "nowhere", ins: "" }], "text-not-unique", "/0/path"],
    ["finds a text twice", [{ ...text, find: "body", ins: "" }], "text-not-unique", "/0/path"],
    [
      "formats a plain string",
      [{ op: "text", path: "/board/title", at: 0, ins: "a", attrs: {} }],
      "wrong-value",
      "/0/path",
    ],
    ["has too many operations", Array(101).fill({ op: "remove", path: "/list/0" }), "invalid-request", ""],
    [
      "fails late",
      [
        { op: "remove", path: "/text" },
        { op: "remove", path: "/text" },
      ],
      "root-type-unknown",
      "/1/path",
    ],
  ])("%s", (_, operations, code, pointer) => {
    expect(patch(notes(), operations)).toMatchObject({ kind: "refused", code, pointer });
  });

  test("cuts a character", () => {
    const doc = filled((filling) => filling.getText("text").insert(0, "a😀b"));
    for (const change of [
      { at: 2, ins: "x" },
      { at: 1, del: 1 },
      { at: 0, del: 2 },
    ]) {
      expect(patch(doc, [{ ...text, ...change }])).toMatchObject({ code: "out-of-range" });
    }
    expect(
      apply(doc, patch(doc, [{ ...text, at: 1, del: 2 }]))
        .getText("text")
        .toString(),
    ).toBe("ab");
  });
});
