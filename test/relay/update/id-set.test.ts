import { describe, expect, spyOn, test } from "bun:test";
import { IdSet } from "../../../src/relay/update/id-set.ts";
import { type Random, withSeeds } from "../../support/bytes/random.ts";
import { clocksIn } from "../../support/bytes/y-doc-facts.ts";

type Entry = readonly [client: number, start: number, end: number];

function clockSet(...entries: readonly Entry[]): IdSet {
  const set = new IdSet();
  for (const entry of entries) set.add(...entry);
  return set;
}

test("the state vector ends each client at its first gap and leaves out clients that lack their first clock", () => {
  const set = clockSet([1, 0, 5], [2, 0, 3], [2, 7, 9], [3, 4, 6]);
  expect([...set.stateVector()]).toEqual([
    [1, 5],
    [2, 3],
  ]);
});

test("filling a gap advances the state vector over what is already held", () => {
  const set = clockSet([1, 3, 6], [1, 8, 9]);
  expect(set.hasGaps).toBeTrue();
  set.add(1, 0, 3);
  expect(set.stateVector().get(1)).toBe(6);
  set.add(1, 6, 8);
  expect(set.stateVector().get(1)).toBe(9);
  expect(set.hasGaps).toBeFalse();
});

test("a cleared set is empty and has no gaps", () => {
  const set = clockSet([1, 3, 6]);
  set.clear();
  expect(set.isEmpty).toBeTrue();
  expect(set.hasGaps).toBeFalse();
  expect(set.reach(1, 3)).toBe(3);
});

test("a set with an empty range is empty", () => {
  expect(clockSet([1, 5, 5]).isEmpty).toBeTrue();
});

describe("within several sets together", () => {
  const held = clockSet([1, 0, 5], [2, 4, 6]);
  const staged = clockSet([1, 5, 8], [2, 0, 2]);

  test("is a range that continues from one into the other", () => {
    expect(clockSet([1, 2, 8]).isWithin([held, staged])).toBeTrue();
    expect(clockSet([1, 2, 8]).isWithin([held])).toBeFalse();
  });

  test("is not a range over a gap of both", () => {
    expect(clockSet([2, 1, 5]).isWithin([held, staged])).toBeFalse();
  });

  test("is the empty set, also within no sets", () => {
    expect(new IdSet().isWithin([])).toBeTrue();
  });

  test("a set leaves a gap when none of the others fills it", () => {
    expect(clockSet([2, 6, 7]).leavesGap([held, staged])).toBeTrue();
    expect(clockSet([2, 2, 4], [2, 6, 7]).leavesGap([held, staged])).toBeFalse();
    expect(clockSet([3, 1, 2]).leavesGap([held, staged])).toBeTrue();
    expect(clockSet([3, 0, 2], [3, 3, 4]).leavesGap([held, staged])).toBeTrue();
  });

  test("a set leaves no gap when others lack clocks of its clients only beyond its own", () => {
    expect(clockSet([2, 2, 4]).leavesGap([clockSet([2, 0, 2], [2, 9, 10])])).toBeFalse();
  });
});

test("without returns the clocks that none of the other sets holds", () => {
  const set = clockSet([1, 0, 10], [2, 5, 6], [3, 1, 4]);
  const rest = set.without([clockSet([1, 2, 4], [2, 0, 9]), clockSet([1, 3, 6], [1, 9, 20])]);
  expect(clocksIn(rest)).toEqual([
    [
      1,
      [
        [0, 2],
        [6, 9],
      ],
    ],
    [3, [[1, 4]]],
  ]);
  expect(set.overlaps([clockSet([3, 0, 1], [3, 4, 5])])).toBeFalse();
  expect(set.overlaps([clockSet([4, 0, 9]), clockSet([3, 0, 2])])).toBeTrue();
  expect(set.overlaps([])).toBeFalse();
});

test("ranges that alternate between sets are followed no further than asked for", () => {
  const even = new IdSet();
  const odd = new IdSet();
  for (let clock = 1; clock < 2_000; clock += 1) (clock % 2 === 0 ? even : odd).add(1, clock, clock + 1);
  const reach = spyOn(IdSet.prototype, "reach");
  expect(even.isWithin([odd, even])).toBeTrue();
  expect(reach.mock.calls.length).toBeLessThan(5 * 1_000);
  reach.mockRestore();
});

test("many ranges are added in one pass, without moving the rest for each", () => {
  const even = new IdSet();
  const odd = new IdSet();
  for (let clock = 1; clock < 2_000; clock += 1) (clock % 2 === 0 ? even : odd).add(1, 3 * clock, 3 * clock + 1);
  const splice = spyOn(Array.prototype, "splice");
  even.addAll(odd);
  expect(splice).not.toHaveBeenCalled();
  splice.mockRestore();
  expect(odd.isWithin([even])).toBeTrue();
});

test("a set holds the clocks that were added, in whatever order", () => {
  withSeeds(150, (random) => {
    const set = new IdSet();
    const model = new Set<string>();
    for (let step = 0; step < 20; step += 1) {
      const { added, clocks } = randomSet(random);
      const isWithin = clocks.every((clock) => model.has(clock));
      expect(added.isWithin([set])).toBe(isWithin);
      expect(added.overlaps([set])).toBe(clocks.some((clock) => model.has(clock)));
      const rest = clocksIn(added.without([set])).flatMap(([client, ranges]) =>
        ranges.flatMap((range) => named(client, range)),
      );
      expect(rest.sort()).toEqual([...new Set(clocks.filter((clock) => !model.has(clock)))].sort());
      set.addAll(added);
      for (const clock of clocks) model.add(clock);
      expect(added.isWithin([set])).toBeTrue();
      let hasGaps = false;
      for (const client of [1, 2, 3]) {
        const end = firstAbsent(model, client);
        expect(set.stateVector().get(client) ?? 0).toBe(end);
        hasGaps ||= [...model].filter((clock) => clock.startsWith(`${client}:`)).length > end;
      }
      expect(set.hasGaps).toBe(hasGaps);
    }
  });
});

function randomSet(random: Random): { added: IdSet; clocks: readonly string[] } {
  const added = new IdSet();
  const clocks: string[] = [];
  for (let count = 1 + random.integer(random.chance(0.2) ? 40 : 3); count > 0; count -= 1) {
    const client = 1 + random.integer(3);
    const start = random.chance(0.2) ? 0 : random.integer(60);
    const end = start + random.integer(6);
    added.add(client, start, end);
    clocks.push(...named(client, [start, end]));
  }
  return { added, clocks };
}

function named(client: number, [start, end]: readonly [start: number, end: number]): string[] {
  return Array.from({ length: end - start }, (_, index) => `${client}:${start + index}`);
}

function firstAbsent(model: ReadonlySet<string>, client: number): number {
  let clock = 0;
  while (model.has(`${client}:${clock}`)) clock += 1;
  return clock;
}
