import { describe, expect, test } from "bun:test";
import { checkRoomName } from "../../src/rooms/room-name.ts";

describe("a room name", () => {
  test.each([
    "room",
    "my notes",
    "a/b/c?d#e",
    "__proto__",
    "constructor",
    "100%",
    "Ünïcödé 日本語 😀",
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
    ["x".repeat(257), "the name is longer than 256 bytes"],
    [`${"é".repeat(128)}x`, "the name is longer than 256 bytes"],
    [`${"😀".repeat(64)}x`, "the name is longer than 256 bytes"],
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
});
