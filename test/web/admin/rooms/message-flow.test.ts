import { expect, test } from "bun:test";
import { freshnessOf, MessageFlow } from "../../../../src/web/admin/rooms/mesh/message-flow.ts";

const now = 1_000_000;

test("messages add up for each direction of a pair, and for messages to all others", () => {
  const flow = new MessageFlow();
  flow.record([{ from: "1", to: "2", count: 3 }], now);
  flow.record(
    [
      { from: "2", to: "1", count: 1 },
      { from: "1", to: null, count: 5 },
      { from: "1", to: "2", count: 2 },
    ],
    now + 10,
  );
  expect(flow.links).toEqual([
    { from: "1", to: "2", count: 5, lastAt: now + 10 },
    { from: "2", to: "1", count: 1, lastAt: now + 10 },
    { from: "1", to: null, count: 5, lastAt: now + 10 },
  ]);
  expect(flow.total).toBe(11);
});

test.each([
  [0, 3],
  [2_999, 3],
  [3_000, 2],
  [11_999, 2],
  [12_000, 1],
  [29_999, 1],
  [30_000, 0],
  [90_000, 0],
] as const)("%i ms after its last message, a link has the freshness %i", (ageMs, freshness) => {
  expect(freshnessOf({ lastAt: now }, now + ageMs)).toBe(freshness);
});

test("the next change is the first link to fade, and there is none when all have faded", () => {
  const flow = new MessageFlow();
  expect(flow.nextChangeAt(now)).toBeUndefined();
  flow.record([{ from: "1", to: "2", count: 1 }], now);
  flow.record([{ from: "2", to: "1", count: 1 }], now + 1_000);
  expect(flow.nextChangeAt(now + 1_000)).toBe(now + 3_000);
  expect(flow.nextChangeAt(now + 3_000)).toBe(now + 4_000);
  expect(flow.nextChangeAt(now + 12_000)).toBe(now + 13_000);
  expect(flow.nextChangeAt(now + 30_500)).toBe(now + 31_000);
  expect(flow.nextChangeAt(now + 31_000)).toBeUndefined();
  flow.record([{ from: "1", to: "2", count: 1 }], now + 60_000);
  expect(flow.nextChangeAt(now + 60_000)).toBe(now + 63_000);
});

test("the links of members that have left are forgotten, and their messages stay counted", () => {
  const flow = new MessageFlow();
  flow.record(
    [
      { from: "1", to: "2", count: 1 },
      { from: "2", to: null, count: 1 },
      { from: "1", to: null, count: 1 },
    ],
    now,
  );
  flow.recordOthers(4);
  flow.retain(new Set(["1"]));
  expect(flow.links.map(({ from, to }) => [from, to])).toEqual([["1", null]]);
  expect(flow.total).toBe(7);
});

test("of many links, those without a message for the longest time are forgotten first", () => {
  const flow = new MessageFlow();
  flow.record([{ from: "first", to: "second", count: 1 }], now);
  for (let sender = 0; sender < 2_000; sender += 1) {
    flow.record([{ from: String(sender), to: null, count: 1 }], now + 1 + sender);
  }
  expect(flow.links).toHaveLength(2_000);
  expect(flow.links.some(({ from }) => from === "first")).toBe(false);
  expect(flow.total).toBe(2_001);
});
