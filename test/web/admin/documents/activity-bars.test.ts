import { describe, expect, test } from "bun:test";
import type { Activity } from "../../../../src/client/history.ts";
import {
  activityAt,
  barsOf,
  earlierChange,
  gapSecondsFor,
  laterChange,
} from "../../../../src/web/admin/documents/history/activity-bars.ts";
import { authorsOf } from "../../../../src/web/admin/documents/history/authors-of.ts";
import {
  addressOfTime,
  momentOf,
  quickMoments,
  rangeOf,
  requested,
} from "../../../../src/web/admin/documents/history/moments.ts";

const noon = Date.parse("2026-11-30T12:00:00Z");

function activity(fromSecond: number, toSecond: number, inserted = 1, deleted = 0): Activity {
  const at = (second: number) => new Date(noon + second * 1_000).toISOString();
  return {
    ...{ from: at(fromSecond), to: at(toSecond), inserted, deleted },
    ...{ firstSequence: 1, sequence: 2, users: [] },
  };
}

describe("the bars of a span", () => {
  const span = { from: noon, to: noon + 1_000_000 };

  test("stand where the document was changed", () => {
    const [first, last] = barsOf([activity(0, 99, 10, 10), activity(999, 999, 1)], span);
    expect(first).toEqual({ start: 0, width: 0.1, inserted: 1, deleted: 1 });
    expect(last?.start).toBeCloseTo(0.997);
    expect(last?.width).toBe(0.003);
    expect(last?.inserted).toBeCloseTo(Math.log(2) / Math.log(11));
  });

  test("do not leave it", () => {
    for (const { start, width } of barsOf([activity(-50, 20), activity(990, 2_000)], span)) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(start + width).toBeLessThanOrEqual(1.000_001);
    }
  });

  test("are few enough to be drawn", () => {
    expect(gapSecondsFor({ from: 0, to: 60_000 })).toBe(1);
    expect(gapSecondsFor({ from: 0, to: 86_400_000 })).toBe(360);
    expect(gapSecondsFor({ from: 0, to: 10 * 365 * 86_400_000 })).toBe(86_400);
  });
});

test("steps lead from change to change", () => {
  const activities = [activity(10, 20), activity(60, 60)];
  const steps: number[] = [];
  for (let at: number | undefined = noon + 100_000; at !== undefined; ) {
    at = earlierChange(activities, at);
    if (at !== undefined) steps.push((at - noon) / 1_000);
  }
  expect(steps).toEqual([60, 59, 20, 9]);
  expect(laterChange(activities, noon + 9_000)).toBe(noon + 20_000);
  expect(laterChange(activities, noon + 60_000)).toBeUndefined();
  expect(activityAt(activities, noon + 15_000)).toBe(activities[0]);
  expect(activityAt(activities, noon + 30_000)).toBeUndefined();
});

describe("a moment", () => {
  test.each([
    [undefined, undefined],
    ["", undefined],
    ["v12", "v12"],
    ["v12.3", "v12.3"],
    ["1250", 1_250],
    ["2026-11-30T12:00:00Z", new Date(noon)],
    ["yesterday", undefined],
    ["2026-99-99T99:99", undefined],
  ])("of the address %j", (text, expected) => {
    const moment = momentOf(text);
    expect(moment && requested(moment)).toEqual(expected);
  });

  test("has an address in whole seconds", () => {
    expect(addressOfTime(noon + 999)).toBe("2026-11-30T12:00:00Z");
  });

  test("is in the range that is shown, unless another one is named", () => {
    expect(rangeOf(undefined, { at: undefined, createdAt: undefined, now: noon }).id).toBe("day");
    expect(rangeOf(undefined, { at: undefined, createdAt: 0, now: noon }).id).toBe("day");
    expect(rangeOf(undefined, { at: undefined, createdAt: noon - 600_000, now: noon }).id).toBe("hour");
    for (const { ms } of quickMoments)
      expect(rangeOf(undefined, { at: noon - ms, createdAt: 0, now: noon }).ms).toBeGreaterThanOrEqual(ms);
    expect(rangeOf(undefined, { at: noon - 600_000, createdAt: 0, now: noon }).id).toBe("hour");
    expect(rangeOf("week", { at: noon - 1, createdAt: 0, now: noon }).id).toBe("week");
    expect(rangeOf(undefined, { at: 0, createdAt: 0, now: noon }).id).toBe("quarter");
  });
});

test("authors are those who have changed most first", () => {
  const parts = [
    { kind: "same", text: "hello", user: null, at: null },
    { kind: "added", text: "ab", user: "ann", at: null },
    { kind: "removed", text: "abc", user: "bob", at: null },
    { kind: "added", text: "c", user: "ann", at: null },
    { kind: "added", text: "xxxx", user: "bob", at: null },
  ] as const;
  expect(authorsOf(parts)).toEqual([
    { user: "bob", added: 4, removed: 3 },
    { user: "ann", added: 3, removed: 0 },
  ]);
});
