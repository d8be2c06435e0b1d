import { describe, expect, spyOn, test } from "bun:test";
import { Ranges } from "../../src/lib/ranges.ts";
import { withSeeds } from "../support/bytes/random.ts";

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

function integers(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

function firstAbsent(model: ReadonlySet<number>, from: number): number {
  let value = from;
  while (model.has(value)) value += 1;
  return value;
}
