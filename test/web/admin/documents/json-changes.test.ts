import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../src/client/content.ts";
import { changesOfJson } from "../../../../src/web/admin/documents/diff/json-changes.ts";
import { changesOfRoots, summaryOf } from "../../../../src/web/admin/documents/diff/root-changes.ts";

function changed(before: Json, after: Json) {
  return changesOfJson(before, after).changes.map(({ after: to, before: from, path }) => [path.join("/"), from, to]);
}

describe("the difference of two values", () => {
  test("is none of equal ones", () => {
    expect(changed({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toEqual([]);
  });

  test("names each member with its path", () => {
    expect(changed({ a: { b: 1, c: 2 }, d: true }, { a: { b: 1, c: 3, e: [] } })).toEqual([
      ["a/c", 2, 3],
      ["a/e", undefined, []],
      ["d", true, undefined],
    ]);
  });

  test("finds members of an array that were inserted, removed and changed", () => {
    expect(changed([1, 2, 3], [0, 1, 3])).toEqual([
      ["0", undefined, 0],
      ["1", 2, undefined],
    ]);
    expect(changed([{ done: false, name: "one" }], [{ done: true, name: "one" }])).toEqual([["0/done", false, true]]);
  });

  test("takes a member of another type as a whole", () => {
    expect(changed({ a: [1] }, { a: { b: 1 } })).toEqual([["a", [1], { b: 1 }]]);
    expect(changed({ a: null }, {})).toEqual([["a", null, undefined]]);
  });

  test("distinguishes members of the object from those of its prototype", () => {
    expect(changed({}, JSON.parse('{"__proto__": 1, "constructor": 2}'))).toEqual([
      ["__proto__", undefined, 1],
      ["constructor", undefined, 2],
    ]);
  });

  test("is bounded, and says so", () => {
    const after = Array.from({ length: 1_000 }, (_, index) => index);
    const { changes, isCut } = changesOfJson([], after, 50);
    expect([changes.length, isCut]).toEqual([50, true]);
  });
});

describe("the difference of two states of a document", () => {
  test("is by root", () => {
    const { changed: roots, unchanged } = changesOfRoots(
      { text: "one two", page: "<p>a</p><p>b</p>", same: 1, gone: "all of it" },
      { text: "one 2", page: "<p>a</p><p>c</p>", same: 1, board: { title: "new" } },
    );
    expect(unchanged).toEqual(["same"]);
    expect(roots.map((root) => `${root.root}: ${summaryOf(root)}`)).toEqual([
      "board: 1 value changed",
      "gone: 9 characters deleted",
      "page: 1 character inserted, 1 character deleted",
      "text: 1 character inserted, 3 characters deleted",
    ]);
  });
});
