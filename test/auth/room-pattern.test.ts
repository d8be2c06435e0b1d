import { describe, expect, test } from "bun:test";
import { isRoomName, matchesRoom, maxPatternLength } from "../../src/auth/room-pattern.ts";

const matching: readonly (readonly [pattern: string, room: string])[] = [
  ["notes", "notes"],
  ["", ""],
  ["*", "notes"],
  ["*", "日本"],
  ["notes/*", "notes/a"],
  ["*/a", "notes/a"],
  ["notes-*", "notes-1"],
  ["*-notes", "my-notes"],
  ["a*c*e", "abcde"],
  ["a*a", "aaa"],
  ["*ab", "abab"],
  ["a**", "abc"],
  ["**", ""],
  ["**", "a"],
  ["**", "a/b//c/"],
  ["notes/**", "notes"],
  ["notes/**", "notes/"],
  ["notes/**", "notes/a/b"],
  ["**/a", "a"],
  ["**/a", "x/y/a"],
  ["a/**/z", "a/z"],
  ["a/**/z", "a//z"],
  ["a/**/z", "a/b/c/z"],
  ["**/**", ""],
  ["**/a/**/a/**", "a/a"],
  ["**/b/*", "a/b/b/c"],
  ["/a", "/a"],
  ["__proto__", "__proto__"],
  ["a.c", "a.c"],
  ["a[bc]?\\*", "a[bc]?\\x"],
];

const others: readonly (readonly [pattern: string, room: string])[] = [
  ["notes", "Notes"],
  ["notes", "notes/"],
  ["notes", "notes/a"],
  ["", "a"],
  ["a", ""],
  ["*", ""],
  ["*", "a/b"],
  ["notes/*", "notes"],
  ["notes/*", "notes/"],
  ["notes/*", "notes/a/b"],
  ["notes-*", "notes-"],
  ["a*a", "a"],
  ["a*a", "aa"],
  ["*ab", "ab"],
  ["a**", "ab"],
  ["***", "ab"],
  ["notes/**", "notes2"],
  ["notes/**", "my/notes"],
  ["**/a", "a/b"],
  ["**/a", "ba"],
  ["a/**/z", "az"],
  ["a/**/z", "a"],
  ["**/a/**/a/**", "a"],
  ["a.c", "abc"],
  ["a?c", "abc"],
  ["\\*", "*"],
];

describe("a pattern", () => {
  test.each(matching)("%j matches %j", (pattern, room) => expect(matchesRoom(pattern, room)).toBe(true));
  test.each(others)("%j does not match %j", (pattern, room) => expect(matchesRoom(pattern, room)).toBe(false));

  test.each([
    ["*a".repeat(maxPatternLength / 2), "a".repeat(100_000)],
    ["*a".repeat(maxPatternLength / 2), `${"a".repeat(100_000)}b`],
    [`${"**/a/".repeat(maxPatternLength / 5)}b`, "a/".repeat(50_000)],
    [`${"**/*a*/".repeat(maxPatternLength / 7)}b`, "aaa/".repeat(25_000)],
  ])("takes no longer than its length times the room's (case %#)", (pattern, room) => {
    const startedAt = performance.now();
    expect(matchesRoom(pattern, `${room}c`)).toBe(false);
    // The matcher takes at most 10⁸ steps; a backtracking one would never finish.
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test("is a room's name if it has no stars", () => {
    expect(isRoomName("a/b")).toBe(true);
    expect(isRoomName("a/b*")).toBe(false);
  });
});
