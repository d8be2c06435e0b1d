import { expect, test } from "bun:test";
import { median, percentile, Samples } from "../../../scripts/bench/statistics.ts";

test("a percentile is one of the values, in any order of them", () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile(values, 1)).toBe(100);
  expect(percentile([7], 0.01)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

test("numbers are sorted as numbers, not as text", () => {
  expect(percentile([10, 9, 100], 1)).toBe(100);
  expect(median([10, 9, 100])).toBe(10);
});

test("the median of an even number of values is between the middle ones", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5])).toBe(5);
  expect(median([])).toBeNaN();
});

test("samples keep their order while they grow, and can be cleared", () => {
  const samples = new Samples();
  for (let value = 0; value < 5000; value += 1) samples.add(value);
  expect(Array.from(samples.values)).toEqual(Array.from({ length: 5000 }, (_, index) => index));
  samples.clear();
  expect(samples.values).toHaveLength(0);
});
