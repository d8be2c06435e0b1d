import { expect, test } from "bun:test";
import { isEarlier, StampClock } from "../../../src/signaling/cluster/stamp.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

test("a stamp is later than those that the node has made and seen", () => {
  const clock = new FakeClock(1_000);
  const stamps = new StampClock("a", clock);
  const made = [stamps.next(), stamps.next()];
  stamps.observe({ at: 5_000, node: "b" });
  made.push(stamps.next());
  clock.advance(10_000);
  made.push(stamps.next());
  expect(made.map(({ at }) => at)).toEqual([1_000, 1_001, 5_001, 11_000]);
});

test("a stamp is the same on all nodes when the clock tells parts of milliseconds", () => {
  const stamps = new StampClock("a", new FakeClock(1_000.75));
  expect([stamps.next().at, stamps.next().at]).toEqual([1_000, 1_001]);
});

test("stamps of the same time are in the order of their nodes", () => {
  const [left, right] = [
    { at: 1, node: "a" },
    { at: 1, node: "b" },
  ] as const;
  expect([isEarlier(left, right), isEarlier(right, left), isEarlier(left, left)]).toEqual([true, false, false]);
});
