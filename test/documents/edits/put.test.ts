import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { apply, copyOf, filled, put, readJson } from "../../support/documents/content-tasks.ts";

/** A board of nested shared types. */
const board = () =>
  filled((doc) => {
    const tasks = new Y.Array<unknown>();
    tasks.push([task("one"), task("two"), task("three")]);
    doc.getMap("board").set("title", "Board");
    doc.getMap("board").set("tasks", tasks);
    doc.getMap("board").set("about", new Y.Text("What we do"));
    doc.getMap("board").set("style", { color: "red", size: 3 });
  });

function task(name: string): Y.Map<unknown> {
  return new Y.Map(Object.entries({ name, done: false }));
}

const boardJson = {
  title: "Board",
  tasks: ["one", "two", "three"].map((name) => ({ name, done: false })),
  about: "What we do",
  style: { color: "red", size: 3 },
};

const tasksOf = (doc: Y.Doc) => doc.getMap("board").get("tasks") as Y.Array<Y.Map<unknown>>;

describe("putting JSON", () => {
  test("that reads as the document does changes nothing", () => {
    expect(readJson(board(), "board")).toEqual(boardJson);
    expect(put(board(), boardJson, { root: "board" })).toEqual({ kind: "unchanged" });
    expect(put(board(), { board: boardJson })).toEqual({ kind: "unchanged" });
  });

  test("keeps what another client edits meanwhile inside a value that is kept", () => {
    const doc = board();
    const other = copyOf(doc);
    tasksOf(other).get(1).set("done", true);
    (other.getMap("board").get("about") as Y.Text).insert(4, " all");
    const changed = { ...boardJson, title: "New", tasks: [...boardJson.tasks, { name: "four", done: false }] };
    const reply = put(doc, changed, { root: "board" });
    apply(other, reply);
    expect(readJson(other, "board")).toEqual({
      ...changed,
      about: "What all we do",
      tasks: changed.tasks.map((item) => (item.name === "two" ? { ...item, done: true } : item)),
    });
  });

  test("of a text replaces the part that differs, so that both edits are kept", () => {
    const doc = board();
    const other = copyOf(doc);
    (other.getMap("board").get("about") as Y.Text).insert(10, " here");
    apply(other, put(doc, { ...boardJson, about: "All we do" }, { root: "board" }));
    expect((other.getMap("board").get("about") as Y.Text).toString()).toBe("All we do here");
  });

  test.each([
    ["a😀b", "a😁b"],
    ["a😀", "a😀😀"],
    ["😀😁", "😁"],
    ["\u{1F600}", "\u{1FA00}"],
    ["same", "same!"],
    ["", "new"],
    ["old", ""],
    ["aXbXc", "aYbYc"],
  ])("makes %j of a text that is now %j, without halves of characters", (before, after) => {
    const doc = filled((filling) => filling.getText("text").insert(0, before));
    // A root whose text is empty has no content, so its type must be named.
    apply(doc, put(doc, after, { root: "text", as: "text" }));
    expect(doc.getText("text").toString()).toBe(after);
  });

  test("keeps the members of an array before and behind those that differ", () => {
    const doc = board();
    const [first, , third] = tasksOf(doc).toArray();
    const tasks = [boardJson.tasks[0], boardJson.tasks[2]];
    apply(doc, put(doc, { ...boardJson, tasks }, { root: "board" }));
    expect(tasksOf(doc).toArray()).toEqual([first, third] as Y.Map<unknown>[]);
    expect(tasksOf(doc).get(1)).toBe(third as Y.Map<unknown>);
    const inserted = [boardJson.tasks[0], { name: "new" }, boardJson.tasks[2]];
    apply(doc, put(doc, { ...boardJson, tasks: inserted }, { root: "board" }));
    expect(tasksOf(doc).get(2)).toBe(third as Y.Map<unknown>);
    expect(readJson(doc, "board")).toEqual({ ...boardJson, tasks: inserted });
  });

  test("changes members of an array in place, by position", () => {
    const doc = board();
    const second = tasksOf(doc).get(1);
    const tasks = boardJson.tasks.with(1, { name: "two", done: true });
    apply(doc, put(doc, { ...boardJson, tasks }, { root: "board" }));
    expect(tasksOf(doc).get(1)).toBe(second);
    expect(second.get("done")).toBe(true);
  });

  test("removes keys that the JSON does not have, and leaves roots alone that it does not name", () => {
    const doc = board();
    doc.getArray("list").push([1]);
    apply(doc, put(doc, { board: { title: "Board" } }));
    expect(readJson(doc)).toEqual({ board: { title: "Board" }, list: [1] });
  });

  test("replaces a value by one of another type", () => {
    const doc = board();
    apply(doc, put(doc, { title: ["a"], tasks: "none", about: 3, style: null }, { root: "board" }));
    expect(readJson(doc, "board")).toEqual({ title: ["a"], tasks: "none", about: 3, style: null });
  });

  test("stores new objects as those beside them, or as it is told", () => {
    const isShared = (doc: Y.Doc, key: string) => doc.getMap("map").get(key) instanceof Y.Map;
    const plain = filled((doc) => doc.getMap("map").set("a", { x: 1 }));
    apply(plain, put(plain, { a: { x: 2 }, b: { y: [1] } }, { root: "map" }));
    expect([isShared(plain, "a"), isShared(plain, "b")]).toEqual([false, false]);
    apply(plain, put(plain, { a: { x: 2 }, c: { z: 1 } }, { root: "map", nesting: "shared" }));
    expect([isShared(plain, "a"), isShared(plain, "c")]).toEqual([false, true]);
    const shared = filled((doc) => doc.getMap("map").set("a", 1));
    apply(shared, put(shared, { a: 1, b: { y: [{}] } }, { root: "map" }));
    expect(isShared(shared, "b")).toBe(true);
    apply(shared, put(shared, { a: { x: 1 } }, { root: "map", nesting: "plain" }));
    expect(isShared(shared, "a")).toBe(false);
  });

  test("into a root without content needs its type", () => {
    expect(put(new Y.Doc(), { a: 1 }, { root: "map" })).toMatchObject({ code: "root-type-unknown", pointer: "" });
    expect(put(new Y.Doc(), { map: { a: 1 } })).toMatchObject({ code: "root-type-unknown", pointer: "/map" });
    const doc = apply(new Y.Doc(), put(new Y.Doc(), { map: { a: 1 }, list: [1], text: "a" }, { as: "auto" }));
    expect(readJson(doc)).toEqual({ map: { a: 1 }, list: [1], text: "a" });
    expect(doc.getText("text").toString()).toBe("a");
  });

  test.each([
    ["an array for a map", [], "root-type-mismatch", "/board"],
    ["a string for a map", "text", "root-type-mismatch", "/board"],
    ["null for a map", null, "invalid-request", "/board"],
  ])("of %s is refused", (_, json, code, pointer) => {
    expect(put(board(), { board: json })).toMatchObject({ kind: "refused", code, pointer });
  });

  test.each([[[1]], ["text"], [3], [null]])("of a document that is %j is refused", (json) => {
    expect(put(board(), json)).toMatchObject({ kind: "refused", code: "invalid-request" });
  });

  test("does not change XML and formatted text, which may stay as they are", () => {
    const doc = filled((filling) => {
      filling.getXmlFragment("page").insert(0, [new Y.XmlElement("p")]);
      filling.getText("text").insert(0, "bold", { bold: true });
      filling.getMap("map").set("xml", new Y.XmlText("inside"));
    });
    const json = { page: "<p/>", text: "bold", map: { xml: "inside" } };
    expect(put(doc, json)).toEqual({ kind: "unchanged" });
    expect(put(doc, { ...json, page: "<q/>" })).toMatchObject({ code: "not-expressible", pointer: "/page" });
    expect(put(doc, { ...json, text: "new" })).toMatchObject({ code: "not-expressible", pointer: "/text" });
    expect(put(doc, { ...json, map: { xml: "new" } })).toMatchObject({ code: "not-expressible", pointer: "/map/xml" });
  });

  test("keeps bytes and subdocuments that are given as they are read", () => {
    const doc = filled((filling) => {
      filling.getMap("map").set("bytes", Uint8Array.of(1, 2));
      filling.getMap("map").set("document", new Y.Doc({ guid: "sub" }));
    });
    const json = { bytes: "AQI=", document: { guid: "sub" } };
    apply(doc, put(doc, { ...json, more: 1 }, { root: "map" }));
    expect(doc.getMap("map").get("bytes")).toEqual(Uint8Array.of(1, 2));
    expect(put(doc, { ...json, document: { guid: "other" } }, { root: "map" })).toMatchObject({
      code: "not-expressible",
    });
  });

  test("with the key of the prototype is refused in a plain object, and is a key like others in a shared map", () => {
    const json = JSON.parse('{"a":{"__proto__":{"x":1}}}');
    expect(put(new Y.Doc(), json, { root: "m", as: "map", nesting: "plain" })).toMatchObject({ code: "wrong-value" });
    const doc = apply(new Y.Doc(), put(new Y.Doc(), json, { root: "m", as: "map" }));
    expect(JSON.stringify(readJson(doc, "m"))).toBe('{"a":{"__proto__":{"x":1}}}');
  });
});
