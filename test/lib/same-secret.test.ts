import { expect, test } from "bun:test";
import { isSameSecret } from "../../src/lib/same-secret.ts";

test.each([
  ["", "", true],
  ["secret", "secret", true],
  ["geheim 日本", "geheim 日本", true],
  ["secret", "Secret", false],
  ["secret", "secre", false],
  ["secret", "secret ", false],
  ["", "a", false],
  // Equal in characters, unequal in bytes.
  ["é", "e", false],
])("%p and %p are the same: %p", (left, right, isSame) => {
  expect(isSameSecret(left, right)).toBe(isSame);
});
