import { expect, test } from "bun:test";
import { KeyedCounts } from "../../../src/lib/collections/keyed-counts.ts";

test("counts each key by itself, and forgets those whose count is 0", () => {
  const counts = new KeyedCounts();
  counts.add("a", 2);
  counts.add("b", 1);
  counts.add("a", 3);
  expect([counts.of("a"), counts.of("b"), counts.of("c"), counts.size]).toEqual([5, 1, 0, 2]);
  counts.add("a", -5);
  counts.add("c", 0);
  expect([counts.of("a"), counts.size]).toEqual([0, 1]);
});
