import { expect, test } from "bun:test";
import { describeUnexpected } from "../../../src/cli/output/unexpected.ts";

test("an error that no command explains is one line without a stack", () => {
  const error = new TypeError("x is not a function\n  at somewhere");
  expect(describeUnexpected(error, false)).toBe("yurt: x is not a function. Run with --log-level debug for details.\n");
  expect(describeUnexpected("odd.", false)).toBe("yurt: odd. Run with --log-level debug for details.\n");
});

test("a person who debugs sees the stack", () => {
  expect(describeUnexpected(new TypeError("x"), true)).toContain("unexpected.test.ts");
});
