import { expect, test } from "bun:test";
import { backoffMs } from "../../src/lib/backoff.ts";

const backoff = { firstMs: 100, maxMs: 5_000 };

test("the delay doubles with each failure in a row, up to the maximum", () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => backoffMs(failures, backoff));
  expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
});

test("the delay stays at the maximum for any number of failures", () => {
  expect(backoffMs(1e6, backoff)).toBe(5_000);
});
