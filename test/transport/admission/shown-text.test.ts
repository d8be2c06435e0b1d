import { expect, test } from "bun:test";
import { shownText } from "../../../src/transport/admission/shown-text.ts";

test.each([
  ["https://app.example", "https://app.example"],
  ['a"b\\', 'a\\"b\\\\'],
  ["\u001b[31m\u007f\u202e\n", "\\u001b[31m\\u007f\\u202e\\n"],
  ["x".repeat(101), `${"x".repeat(100)}…`],
  ["", ""],
])("%j is shown", (text, shown) => {
  expect(shownText(text)).toBe(shown);
});
