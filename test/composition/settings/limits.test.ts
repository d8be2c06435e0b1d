import { expect, test } from "bun:test";
import { limitOptions } from "../../../src/composition/settings/limit-options.ts";
import { defaultLimits, limitGroups, limitTable } from "../../../src/composition/settings/limits.ts";

test("no two folders declare a bound of the same name", () => {
  const names = limitGroups.flatMap(({ table }) => Object.keys(table));
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  expect(Object.keys(limitTable).toSorted()).toEqual(names.toSorted());
  expect(Object.keys(defaultLimits)).toEqual(Object.keys(limitTable));
});

test("every text of the server that names a bound names an option", async () => {
  const named: string[] = [];
  for await (const file of new Bun.Glob("**/*.ts").scan("src")) {
    const text = await Bun.file(`src/${file}`).text();
    named.push(...Array.from(text.matchAll(/["`](limits\.[a-z-]+)[:"]/g), ([, name = ""]) => name));
  }
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !(name in limitOptions))).toEqual([]);
});
