import { expect, test } from "bun:test";
import { ByteBudget } from "../../src/lib/byte-budget.ts";

test("a budget can be taken to the last byte, and bytes given back can be taken again", () => {
  const budget = new ByteBudget(10);
  expect(budget.take(6)).toBe(true);
  expect(budget.take(5)).toBe(false);
  expect(budget.usedBytes).toBe(6);
  expect(budget.take(4)).toBe(true);
  expect(budget.take(1)).toBe(false);
  budget.give(6);
  expect(budget.usedBytes).toBe(4);
  expect(budget.take(6)).toBe(true);
});
