import { expect, test } from "bun:test";
import { quantile } from "../../../src/admin/overview/quantile.ts";

const bounds = [0.1, 0.2, 0.4];

test.each([
  ["no durations", [0, 0, 0, 0], 0.5, undefined],
  ["the middle of one bucket", [0, 10, 0, 0], 0.5, 0.15],
  ["the first bucket begins at 0", [10, 0, 0, 0], 0.5, 0.05],
  ["a bound that is reached exactly", [5, 5, 0, 0], 0.5, 0.1],
  ["across empty buckets", [1, 0, 1, 0], 0.99, 0.396],
  ["beyond the last bound", [0, 0, 1, 99], 0.99, 0.4],
])("%s", (_, counts, share, expected) => {
  const found = quantile({ bounds, counts }, share);
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(expected, 9);
});
