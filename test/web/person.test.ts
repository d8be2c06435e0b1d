import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { readPerson } from "../../src/web/demo/people/person.ts";
import { readName } from "../../src/web/shared/people/name.ts";

/** Values of other types than the one that is expected. */
const foreignValues: readonly unknown[] = [undefined, null, true, 5, Number.NaN, "text", [], [[]], {}, { anchor: 5 }];

/** The values with a name each, for `test.each`, which would spread arrays. */
function named(values: readonly unknown[]): readonly (readonly [string, unknown])[] {
  return values.map((value) => [`${Bun.inspect(value)}`.slice(0, 60), value]);
}

const anchor = { tname: "text", assoc: 0 };

describe("a name", () => {
  test.each([
    ["Ann", "Ann"],
    ["  Ann \n Lee\t", "Ann Lee"],
    ["x".repeat(100), "x".repeat(40)],
    ["👩‍💻 Zoë", "👩‍💻 Zoë"],
    ["मीनाक्षी", "मीनाक्षी"],
    ["محمد", "محمد"],
    ["a\u202eb\u2066c\u0000d\u2028e", "a b c d e"],
    [`z${"\u0336".repeat(1_000)}`, `z${"\u0336".repeat(4)}`],
    ["😀".repeat(50), "😀".repeat(40)],
    ["\ud800lone", "lone"],
    ["x".repeat(10_000_000), "x".repeat(40)],
  ])("%j is shown as %j", (given, shown) => {
    expect(readName(given)).toBe(shown);
  });

  const others = foreignValues.filter((value) => value !== "text");
  test.each(named(["", " ", "\u200b\u200d\u2060", "\u0301", "\u202e", ...others]))("%s is anonymous", (_, given) => {
    expect(readName(given)).toBe("Anonymous");
  });
});

describe("a colour", () => {
  test("in hexadecimal form is taken", () => {
    expect(readPerson(1, { user: { color: "#A1b2C3" } })?.color).toBe("#A1b2C3");
  });

  test.each(
    named([
      "red;position:fixed;inset:0;z-index:999",
      "#ffffff;position:fixed",
      "#ffffff\n",
      "\n#ffffff",
      "#fff",
      "#ffffffff",
      "url(https://elsewhere.invalid/)",
      "var(--accent)",
      "RED",
      ["#ffffff"],
      { toString: "#ffffff" },
      ...foreignValues,
    ]),
  )("%s is replaced", (_, color) => {
    expect(readPerson(1, { user: { color } })?.color).toBe("#5f5a4e");
  });
});

describe("a cursor", () => {
  const cursorOf = (cursor: unknown) => readPerson(1, { cursor })?.cursor;

  test("that Yjs has encoded is taken", () => {
    const doc = new Y.Doc();
    const text = doc.getText("text");
    text.insert(0, "abc");
    for (const index of [0, 1, 3]) {
      const position = Y.createRelativePositionFromTypeIndex(text, index);
      const sent = JSON.parse(JSON.stringify(position));
      const cursor = cursorOf({ anchor: sent, head: sent });
      if (cursor === undefined) throw new Error("no cursor");
      expect(Y.createAbsolutePositionFromRelativePosition(cursor.head, doc)).toMatchObject({ type: text, index });
    }
  });

  test.each(
    named([
      ...foreignValues,
      { anchor },
      { anchor, head: 5 },
      { anchor, head: null },
      { anchor, head: {} },
      { anchor, head: { tname: "other" } },
      { anchor, head: { tname: { toString: "text" } } },
      { anchor, head: { tname: "__proto__" } },
      { anchor, head: { type: { client: 1, clock: 0 } } },
      { anchor, head: { item: 5 } },
      { anchor, head: { item: {} } },
      { anchor, head: { item: { client: -1, clock: 0 } } },
      { anchor, head: { item: { client: 1, clock: 0.5 } } },
      { anchor, head: { item: { client: "1", clock: 0 } } },
      { anchor, head: { item: { client: 1, clock: 2 ** 60 } } },
    ]),
  )("%s is left out", (_, cursor) => {
    expect(cursorOf(cursor)).toBeUndefined();
  });

  test("creates no root in the document", () => {
    const doc = new Y.Doc();
    for (const position of [anchor, { item: { client: 7, clock: 7 }, tname: "other", assoc: Number.NaN }]) {
      const cursor = cursorOf({ anchor: position, head: position });
      if (cursor !== undefined) Y.createAbsolutePositionFromRelativePosition(cursor.anchor, doc);
    }
    expect([...doc.share.keys()].filter((name) => name !== "text")).toEqual([]);
  });
});

describe("a stroke that is being drawn", () => {
  const drawingOf = (drawing: unknown) => readPerson(1, { drawing })?.drawing;

  test("on the board is taken", () => {
    const drawing = [
      [0, 0],
      [800, 600],
      [1.5, 2.5],
    ];
    expect(drawingOf(drawing)).toEqual(drawing as [number, number][]);
  });

  test.each(
    named([
      ...foreignValues.filter((value) => JSON.stringify(value) !== "[]"),
      [[-1, 0]],
      [[801, 0]],
      [[0, 1e308]],
      [[Number.NaN, 0]],
      [[Number.POSITIVE_INFINITY, 0]],
      [["1", "2"]],
      [[1]],
      [[0, 0], null],
      [{ 0: 1, 1: 2 }],
      { length: 1 },
      Array.from({ length: 2_001 }, () => [0, 0]),
    ]),
  )("%s is left out", (_, drawing) => {
    expect(drawingOf(drawing)).toEqual([]);
  });
});

test("a state that is no object is nobody", () => {
  for (const state of [undefined, null, true, 5, "text"]) expect(readPerson(1, state)).toBeUndefined();
});

test("an empty state is an anonymous person", () => {
  const expected = { clientId: 1, name: "Anonymous", peerId: undefined, cursor: undefined, drawing: [] };
  expect(readPerson(1, {})).toMatchObject(expected);
});

test("a person of values of any type is read", () => {
  for (const value of foreignValues) {
    const state = { user: value, cursor: value, drawing: value, peerId: value };
    expect(readPerson(1, state)).toMatchObject({ clientId: 1, name: "Anonymous", drawing: [] });
  }
});

describe("the further fields of a state", () => {
  test("are taken as the page writes them", () => {
    const state = { penColor: "#336699", pointer: [1, 2], windowId: "w", openedAt: 5, isOnServer: false };
    expect(readPerson(1, state)).toMatchObject(state);
  });

  test.each(
    named([...foreignValues.filter((value) => value !== true && value !== 5 && value !== "text"), [9_999, 0], -1]),
  )("are left out when they are %s", (_, value) => {
    const state = { penColor: value, pointer: value, windowId: value, openedAt: value, isOnServer: value };
    expect(readPerson(1, state)).toMatchObject({
      penColor: undefined,
      pointer: undefined,
      windowId: undefined,
      openedAt: undefined,
      isOnServer: undefined,
    });
  });
});
