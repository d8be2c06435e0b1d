import { expect, test } from "bun:test";
import { defaultLimits, limitGroups, limitTable } from "../../src/composition/limits.ts";

test("no two folders declare a bound of the same name", () => {
  const names = limitGroups.flatMap(({ table }) => Object.keys(table));
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  expect(Object.keys(limitTable).toSorted()).toEqual(names.toSorted());
  expect(Object.keys(defaultLimits)).toEqual(Object.keys(limitTable));
});
