import { describe, expect, test } from "bun:test";
import {
  listPlaceOf,
  pageBefore,
  pageOptionsOf,
  queryOf,
} from "../../../../src/web/admin/documents/list/list-order.ts";

describe("the address of a list", () => {
  test.each([
    { prefix: "", order: "name", isDeleted: false, after: undefined },
    { prefix: "notes/ü&=#?", order: "name", isDeleted: true, after: "bm90ZXM" },
    { prefix: "مستند", order: "bytes", isDeleted: false, after: undefined },
    { prefix: "", order: "updated", isDeleted: true, after: undefined },
  ] as const)("names %j", (place) => {
    expect(listPlaceOf(queryOf(place))).toEqual(place);
  });

  test("with an unknown order is in the order of names", () => {
    expect(listPlaceOf({ order: "colour" }).order).toBe("name");
  });
});

test("only the order of names has pages", () => {
  const place = { prefix: "a", order: "name", isDeleted: false, after: "YQ" } as const;
  expect(pageOptionsOf(place)).toEqual({ prefix: "a", deleted: false, limit: 100, after: "YQ" });
  expect(pageOptionsOf({ ...place, order: "bytes" })).toEqual({
    prefix: "a",
    deleted: false,
    limit: 200,
    order: "bytes",
  });
});

test("the page before is the one that was seen before", () => {
  expect(pageBefore(["b", "c"], "c")).toBe("b");
  expect(pageBefore(["b", "c"], "b")).toBeUndefined();
  expect(pageBefore([], "b")).toBeUndefined();
});
