import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { SmallMap } from "../../../src/lib/collections/small-map.ts";
import { SmallSet } from "../../../src/lib/collections/small-set.ts";
import { Random } from "../../support/bytes/random.ts";

const items = ["a", "b", "c"].map((name) => ({ name }));

test("a small map and a small set are the same as a Map and a Set after any changes", () => {
  const random = new Random(1);
  const [map, expectedMap] = [new SmallMap<object, number>(), new Map<object, number>()];
  const [set, expectedSet] = [new SmallSet<object>(), new Set<object>()];
  for (let step = 0; step < 5_000; step += 1) {
    const item = random.pick(items);
    const kind = random.real();
    if (kind < 0.02) {
      map.clear();
      expectedMap.clear();
    } else if (kind < 0.5) {
      map.set(item, step);
      expectedMap.set(item, step);
      set.add(item);
      expectedSet.add(item);
    } else {
      expect(map.delete(item)).toBe(expectedMap.delete(item));
      expect(set.delete(item)).toBe(expectedSet.delete(item));
    }
    expect([...map]).toEqual([...expectedMap]);
    expect([...map.keys()]).toEqual([...expectedMap.keys()]);
    expect([...set]).toEqual([...expectedSet]);
    expect(map.size).toBe(expectedMap.size);
    for (const each of items) {
      expect([map.has(each), map.get(each)]).toEqual([expectedMap.has(each), expectedMap.get(each)]);
    }
  }
});

test("a small map with one entry takes no table", () => {
  const count = 10_000;
  const tables = (kept: unknown[]) => {
    Bun.gc(true);
    return [heapStats().objectTypeCounts["Map"] ?? 0, kept.length] as const;
  };
  const maps: SmallMap<object, number>[] = [];
  const [before] = tables(maps);
  for (let index = 0; index < count; index += 1) {
    const map = new SmallMap<object, number>();
    map.set(items[0] ?? {}, index);
    maps.push(map);
  }
  const [after, kept] = tables(maps);
  expect([after - before < count / 10, kept]).toEqual([true, count]);
});
