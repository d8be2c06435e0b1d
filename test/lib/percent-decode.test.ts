import { expect, test } from "bun:test";
import { percentDecode } from "../../src/lib/percent-decode.ts";

test.each([
  ["my%20notes", "my notes"],
  ["caf%C3%A9 caf%c3%a9", "café café"],
  ["a%2Fb", "a/b"],
  ["a%252Fb", "a%2Fb"],
  ["100%", "100%"],
  ["100%zz", "100%zz"],
  ["%ff%20", "%ff%20"],
  ["%ff and %20", "%ff and  "],
  ["café", "café"],
  ["", ""],
])("%p is %p", (text, decoded) => {
  expect(percentDecode(text)).toBe(decoded);
});
