import { describe, expect, test } from "bun:test";
import { checkName, checkRoomName } from "../../src/rooms/room-name.ts";

describe("a room name", () => {
  test.each([
    "room",
    "my notes",
    "a/b/c?d#e",
    "__proto__",
    "constructor",
    "100%",
    "Ünïcödé 日本語 😀",
    "/a",
    "a/",
    "a//b",
    "...",
    "a/..b",
    ".a/b.",
    "%2e%2e",
    "a%2Fb",
    "\u00a0",
    "\ufeff",
    "x".repeat(256),
    "é".repeat(128),
    "😀".repeat(64),
  ])("may be %j", (name) => {
    expect(checkRoomName(name, 256)).toBeUndefined();
  });

  test.each([
    ["", "the name is empty"],
    ["x".repeat(257), "the name is longer than 256 bytes (limits.name-bytes)"],
    [`${"é".repeat(128)}x`, "the name is longer than 256 bytes (limits.name-bytes)"],
    [`${"😀".repeat(64)}x`, "the name is longer than 256 bytes (limits.name-bytes)"],
    ["a\u0000b", "the name contains a control character"],
    ["a\nb", "the name contains a control character"],
    ["\u007f", "the name contains a control character"],
    ["\u0085", "the name contains a control character"],
    ["\u009f", "the name contains a control character"],
    ["\ud83d", "the name contains a lone surrogate"],
    ["\ude00\ud83d", "the name contains a lone surrogate"],
  ])("may not be %j", (name, reason) => {
    expect(checkRoomName(name, 256)).toBe(reason);
  });

  test.each([
    [" a", "the name begins or ends with a space, which URLs lose"],
    ["a ", "the name begins or ends with a space, which URLs lose"],
    [" ", "the name begins or ends with a space, which URLs lose"],
    ["a\\b", "the name contains a backslash, which URLs turn into a slash"],
    [".", "the name has the segment . or .., which URLs resolve"],
    ["..", "the name has the segment . or .., which URLs resolve"],
    ["../a", "the name has the segment . or .., which URLs resolve"],
    ["a/../b", "the name has the segment . or .., which URLs resolve"],
    ["a/.", "the name has the segment . or .., which URLs resolve"],
    ["a\ufffd", "the name contains U+FFFD, which stands for a lone surrogate"],
  ])("may not be %j, which not every protocol can express; another id may", (name, reason) => {
    expect(checkRoomName(name, 256)).toBe(reason);
    expect(checkName(name, 256)).toBeUndefined();
  });

  test("that is accepted reaches the server as it is, percent-encoded in the path of a URL", () => {
    for (const name of ["a/b", "/a", "a//b", "a/", "my notes", "a?b#c", "100%", "%2e%2e", "...", "\u00a0", "😀"]) {
      const { pathname } = new URL(`ws://server/sync/${encodeURIComponent(name)}`);
      expect([checkRoomName(name, 256), decodeURIComponent(pathname.slice("/sync/".length))]).toEqual([
        undefined,
        name,
      ]);
    }
  });
});
