import { expect, test } from "bun:test";
import { matchesRoom as matchesAtServer } from "../../../../src/auth/room-pattern.ts";
import { exampleRoom, examplesOf, matchesRoom } from "../../../../src/web/admin/access/tokens/room-pattern.ts";

const patterns = [
  "notes/7",
  "notes/*",
  "news/**",
  "**",
  "*",
  "a*b",
  "a**",
  "**/x",
  "a/**/z",
  "n*/**",
  "",
  "/*",
  "**/**",
  "*/*",
];
const rooms = [
  "notes/7",
  "notes",
  "notes/7/8",
  "news",
  "news/2026/may",
  "ab",
  "acb",
  "abb",
  "a",
  "a/z",
  "a/b/c/z",
  "x",
  "/",
  "/a",
  "b/x",
];

test("the page and the server agree which rooms a pattern matches", () => {
  for (const pattern of patterns)
    for (const room of rooms)
      expect([pattern, room, matchesRoom(pattern, room)]).toEqual([pattern, room, matchesAtServer(pattern, room)]);
});

test("names are compared in their normal form", () => {
  expect(matchesRoom("caf\u00e9/*", "cafe\u0301/7")).toBe(true);
});

test.each([
  ["notes/*", ["notes/a", "notes/b"], "notes/a/b"],
  ["news/**", ["news", "news/a/b"], "b"],
  ["**", ["a", "a/b"], undefined],
])("the examples of %s are right", (pattern, matched, unmatched) => {
  expect(examplesOf(pattern)).toEqual({ matched, unmatched });
});

test("each example is true for the server", () => {
  for (const pattern of patterns.filter((each) => each !== "")) {
    const { matched, unmatched } = examplesOf(pattern);
    for (const room of matched) expect([pattern, room, matchesAtServer(pattern, room)]).toEqual([pattern, room, true]);
    if (unmatched !== undefined)
      expect([pattern, unmatched, matchesAtServer(pattern, unmatched)]).toEqual([pattern, unmatched, false]);
    expect(matchesAtServer(pattern, exampleRoom(pattern))).toBe(true);
  }
});
