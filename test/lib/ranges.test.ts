import { describe, expect, spyOn, test } from "bun:test";
import { Ranges } from "../../src/lib/ranges.ts";
import { type Random, withSeeds } from "../support/bytes/random.ts";

function ranges(...bounds: readonly (readonly [start: number, end: number])[]): Ranges {
  const made = new Ranges();
  for (const [start, end] of bounds) made.add(start, end);
  return made;
}

describe("adding a range", () => {
  const cases: readonly [
    name: string,
    added: readonly [number, number],
    expected: readonly (readonly [number, number])[],
  ][] = [
    [
      "before all others keeps it apart",
      [0, 4],
      [
        [0, 4],
        [10, 20],
        [30, 40],
      ],
    ],
    [
      "between two others keeps it apart",
      [22, 28],
      [
        [10, 20],
        [22, 28],
        [30, 40],
      ],
    ],
    [
      "after all others keeps it apart",
      [50, 60],
      [
        [10, 20],
        [30, 40],
        [50, 60],
      ],
    ],
    [
      "that ends where another starts joins them",
      [5, 10],
      [
        [5, 20],
        [30, 40],
      ],
    ],
    [
      "that starts where another ends joins them",
      [20, 25],
      [
        [10, 25],
        [30, 40],
      ],
    ],
    ["that fills a gap joins its neighbours", [20, 30], [[10, 40]]],
    ["that overlaps two others joins all three", [15, 35], [[10, 40]]],
    [
      "that lies within another changes nothing",
      [12, 18],
      [
        [10, 20],
        [30, 40],
      ],
    ],
    [
      "that lies within the last changes nothing",
      [30, 35],
      [
        [10, 20],
        [30, 40],
      ],
    ],
    [
      "that extends the last lengthens it",
      [40, 41],
      [
        [10, 20],
        [30, 41],
      ],
    ],
    ["around all others replaces them", [0, 99], [[0, 99]]],
    [
      "without integers changes nothing",
      [25, 25],
      [
        [10, 20],
        [30, 40],
      ],
    ],
  ];
  test.each(cases)("%s", (_name, [start, end], expected) => {
    const set = ranges([10, 20], [30, 40]);
    set.add(start, end);
    expect([...set]).toEqual(expected.map(([from, to]) => [from, to]));
  });
});

test("the reach of a value is the end of its range, or the value itself outside of all", () => {
  const set = ranges([0, 5], [10, 20], [30, 40]);
  expect([0, 4, 5, 9, 10, 19, 20, 29, 30, 39, 40, 99].map((value) => set.reach(value))).toEqual([
    5, 5, 5, 9, 20, 20, 20, 29, 40, 40, 40, 99,
  ]);
  expect(new Ranges().reach(7)).toBe(7);
});

test("the next value is the first one from there on that is in the set", () => {
  const set = ranges([1, 5], [10, 20]);
  expect([0, 1, 4, 5, 10, 19, 20].map((value) => set.next(value))).toEqual([
    1,
    1,
    4,
    10,
    10,
    19,
    Number.POSITIVE_INFINITY,
  ]);
});

test("additions to a copy do not change the original", () => {
  const original = ranges([1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [15, 16], [17, 18], [19, 20]);
  const copy = new Ranges();
  copy.addAll(original);
  copy.add(0, 100);
  expect(original.count).toBe(10);
});

test("many ranges are merged in one pass, without moving the rest for each", () => {
  const even = new Ranges();
  const odd = new Ranges();
  for (let value = 0; value < 2_000; value += 1) (value % 2 === 0 ? even : odd).add(2 * value, 2 * value + 1);
  const splice = spyOn(Array.prototype, "splice");
  even.addAll(odd);
  expect(splice).not.toHaveBeenCalled();
  splice.mockRestore();
  expect(even.count).toBe(2_000);
});

test("adding to a set of many ranges moves a bounded number of them", () => {
  const set = new Ranges();
  for (let value = 0; value < 20_000; value += 1) set.add(4 * value, 4 * value + 1);
  const few = ranges([9_998, 9_999], [40_002, 40_003]);
  const behind = ranges([90_000, 90_001], [90_002, 90_003]);
  const moved: number[] = [];
  const spies = (["splice", "slice", "concat", "flat", "push"] as const).map((name) => {
    const original = Array.prototype[name];
    return spyOn(Array.prototype, name).mockImplementation(function (this: unknown[], ...parameters: never[]) {
      moved[moved.length] = this.length;
      return Reflect.apply(original, this, parameters);
    } as never);
  });
  set.add(2, 3);
  set.add(39_998, 39_999);
  set.addAll(few);
  set.addAll(behind);
  for (const spy of spies) spy.mockRestore();
  expect(moved).not.toBeEmpty();
  expect(moved.length).toBeLessThan(40);
  // The bounds of a chunk, and of the range that makes it too large.
  expect(Math.max(...moved)).toBeLessThanOrEqual(1_026);
  expect(set.count).toBe(20_006);
});

describe("sets of many ranges", () => {
  const size = 12_000;

  /** A set that was built in a random way, and what it contains. */
  function randomSet(random: Random): readonly [Ranges, Uint8Array] {
    const set = new Ranges();
    const model = new Uint8Array(size + 1_000);
    const put = (target: Ranges, start: number, length: number) => {
      target.add(start, start + length);
      model.fill(1, start, start + length);
    };
    for (let step = 0; step < 12; step += 1) {
      const other = random.chance(0.5) ? set : new Ranges();
      for (let count = random.integer(1_200); count > 0; count -= 1) put(other, random.integer(size), 1);
      if (random.chance(0.3)) put(other, random.integer(size), random.integer(1_000));
      if (other !== set) set.addAll(other);
    }
    return [set, model];
  }

  test("contain the same integers as a set", () => {
    withSeeds(20, (random) => {
      const [set, model] = randomSet(random);
      const listed = [...set];
      expect(listed).toEqual(runsOf(model));
      expect(set.count).toBe(listed.length);
      expect(set.end).toBe(listed.at(-1)?.[1] ?? 0);
    });
  });

  test("find the range of a value, and the one behind it", () => {
    withSeeds(20, (random) => {
      const [set, model] = randomSet(random);
      const present = new Set(model.keys().filter((value) => model[value] === 1));
      for (let count = 200; count > 0; count -= 1) {
        const value = random.integer(size + 2_000);
        const next = model.indexOf(1, value);
        expect(set.next(value)).toBe(next === -1 ? Number.POSITIVE_INFINITY : next);
        expect(set.reach(value)).toBe(firstAbsent(present, value));
      }
    });
  });
});

test("ranges contain the same integers as a set, in whatever order they are added", () => {
  withSeeds(300, (random) => {
    const set = new Ranges();
    const model = new Set<number>();
    const put = (target: Ranges) => {
      const start = random.integer(120);
      const end = start + random.integer(random.chance(0.1) ? 40 : 6);
      target.add(start, end);
      for (let value = start; value < end; value += 1) model.add(value);
    };
    for (let step = 0; step < 40; step += 1) {
      if (random.chance(0.8)) {
        put(set);
      } else {
        const other = new Ranges();
        for (let count = random.integer(25); count > 0; count -= 1) put(other);
        set.addAll(other);
        const visited: (readonly [number, number])[] = [];
        other.forEach((start, end) => {
          visited.push([start, end]);
        });
        expect(visited).toEqual([...other]);
      }
      const listed = [...set];
      expect(listed.flatMap(([start, end]) => integers(start, end))).toEqual([...model].sort((a, b) => a - b));
      expect(listed.every(([start], index) => start > (listed[index - 1]?.[1] ?? -1))).toBeTrue();
      expect(set.count).toBe(listed.length);
      expect(set.end).toBe(Math.max(0, ...[...model].map((value) => value + 1)));
      const value = random.integer(140);
      expect(set.reach(value)).toBe(firstAbsent(model, value));
    }
  });
});

function runsOf(model: Uint8Array): (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  for (let start = model.indexOf(1); start !== -1; ) {
    const zero = model.indexOf(0, start);
    const end = zero === -1 ? model.length : zero;
    runs.push([start, end]);
    start = model.indexOf(1, end);
  }
  return runs;
}

function integers(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

function firstAbsent(model: ReadonlySet<number>, from: number): number {
  let value = from;
  while (model.has(value)) value += 1;
  return value;
}
