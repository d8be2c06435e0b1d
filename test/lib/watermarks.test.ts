import { expect, test } from "bun:test";
import { Watermarks } from "../../src/lib/watermarks.ts";

function setUp(high: number, low: number) {
  const events: string[] = [];
  const watermarks = new Watermarks(high, low, {
    filled: () => events.push("filled"),
    cleared: () => events.push("cleared"),
  });
  return { watermarks, take: () => events.splice(0) };
}

test("a level reports once that it is above the high watermark, and once that it is back at the low one", () => {
  const { watermarks, take } = setUp(10, 5);
  watermarks.raise(10);
  expect(take()).toEqual([]);
  watermarks.raise(1);
  watermarks.raise(1);
  expect(take()).toEqual(["filled"]);
  watermarks.lower(6);
  expect(take()).toEqual([]);
  watermarks.raise(20);
  watermarks.lower(21);
  expect(take()).toEqual(["cleared"]);
  watermarks.lower(5);
  expect(take()).toEqual([]);
  watermarks.raise(11);
  expect(take()).toEqual(["filled"]);
});

test("a level that is emptied is cleared if it was full", () => {
  const { watermarks, take } = setUp(10, 5);
  watermarks.raise(7);
  watermarks.empty();
  expect(take()).toEqual([]);
  watermarks.raise(11);
  watermarks.empty();
  watermarks.empty();
  expect(take()).toEqual(["filled", "cleared"]);
});

test("both watermarks may be the same", () => {
  const { watermarks, take } = setUp(1, 1);
  watermarks.raise(1);
  watermarks.raise(1);
  watermarks.lower(1);
  watermarks.raise(1);
  expect(take()).toEqual(["filled", "cleared", "filled"]);
});

test("a level without a limit reports nothing", () => {
  const { watermarks, take } = setUp(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  watermarks.raise(1e12);
  watermarks.empty();
  expect(take()).toEqual([]);
});

test("a level that is set reports as one that is raised and lowered", () => {
  const events: string[] = [];
  const level = new Watermarks(10, 5, { filled: () => events.push("filled"), cleared: () => events.push("cleared") });
  for (const bytes of [10, 11, 20, 6, 5, 0, 11]) level.set(bytes);
  expect(events).toEqual(["filled", "cleared", "filled"]);
});
