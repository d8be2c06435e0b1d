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
    ["a\u0000b", "the name holds a control character"],
    ["a\nb", "the name holds a control character"],
    ["\u007f", "the name holds a control character"],
    ["\u0085", "the name holds a control character"],
    ["\u009f", "the name holds a control character"],
    ["\ud83d", "the name holds half of a surrogate pair"],
    ["\ude00\ud83d", "the name holds half of a surrogate pair"],
  ])("may not be %j", (name, reason) => {
    expect(checkRoomName(name, 256)).toBe(reason);
  });
});
