import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { jsonOf, readShownState } from "../../../../src/web/admin/rooms/presence/shown-state.ts";

const doc = new Y.Doc();
doc.getText("body").insert(0, "abc");
/** A position as the bindings of editors publish it. */
const position = (index: number) =>
  JSON.parse(JSON.stringify(Y.createRelativePositionFromTypeIndex(doc.getText("body"), index)));

function shown(state: unknown) {
  return readShownState({ clientId: 7, clock: 1, state });
}

describe("the name and colour", () => {
  test.each([
    ["of y-codemirror, y-prosemirror and Tiptap", { user: { name: "Ann", color: "#30bced" } }, "Ann", "#30bced"],
    ["of Lexical", { name: "Ann", color: "#30bced", focusing: true }, "Ann", "#30bced"],
    ["in a member displayName", { user: { displayName: "Ann" } }, "Ann", "#5f5a4e"],
    ["as a text", { user: "Ann" }, "Ann", "#5f5a4e"],
    [
      "are replaced if nothing of them is visible",
      { user: { name: "\u200b ", color: "red;}" } },
      "Anonymous",
      "#5f5a4e",
    ],
    ["are replaced in a state that is none", "state", "Anonymous", "#5f5a4e"],
    ["are replaced without a state", null, "Anonymous", "#5f5a4e"],
  ])("%s", (_, state, name, color) => {
    expect(shown(state)).toMatchObject({ clientId: 7, name, color });
  });
});

describe("a cursor", () => {
  test.each([
    ["is in the root type that it names", { cursor: { anchor: position(1), head: position(1) } }, "cursor"],
    ["is a selection if its ends differ", { cursor: { anchor: position(0), head: position(2) } }, "selection"],
    ["of Monaco", { selection: { anchor: position(0), head: position(2) } }, "selection"],
    ["of Lexical", { anchorPos: position(1), focusPos: position(1) }, "cursor"],
  ] as const)("%s", (_, state, kind) => {
    expect(shown(state).cursor).toEqual({ kind, root: "body" });
  });

  test("in a nested type names no root", () => {
    const map = doc.getMap<Y.Text>("map");
    const nested = map.set("text", new Y.Text("abc"));
    const at = JSON.parse(JSON.stringify(Y.createRelativePositionFromTypeIndex(nested, 1)));
    expect(shown({ cursor: { anchor: at, head: at } }).cursor).toEqual({ kind: "cursor", root: undefined });
  });

  test.each([[null], [undefined], [5], [{}], [[]], [{ anchor: null, head: null }]])("is none: %j", (cursor) => {
    expect(shown({ cursor }).cursor).toBeUndefined();
  });
});

test("the other members of a state are shown by their names, some of them", () => {
  const state = { user: { name: "Ann" }, cursor: null, pointer: { x: 1 }, pen: null };
  expect(shown(state).others).toEqual(["pointer", "pen"]);
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`key ${index}`, index]));
  expect(shown(many).others).toHaveLength(8);
});

test("a state is shown as JSON, of which much is cut", () => {
  expect(jsonOf({ a: [1] }, 100)).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(jsonOf("x".repeat(1_000), 10)).toBe(`"${"x".repeat(9)}…`);
});
