import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { errorCode } from "../../src/lib/error-code.ts";

test("a system error has its code", () => {
  const stat = () => statSync("/missing");
  expect(stat).toThrow();
  try {
    stat();
  } catch (error) {
    expect(errorCode(error)).toBe("ENOENT");
  }
});

test.each([
  ["an error without a code", new Error("x")],
  ["an error with a numeric code", Object.assign(new Error("x"), { code: 5 })],
  ["what is not an error", { code: "ENOENT" }],
])("%s has none", (_, error) => {
  expect(errorCode(error)).toBeUndefined();
});
