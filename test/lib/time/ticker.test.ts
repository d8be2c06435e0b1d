import { expect, test } from "bun:test";
import { Pulse } from "../../../src/lib/time/pulse.ts";
import { Ticker } from "../../../src/lib/time/ticker.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const pulse = new Pulse({ intervalMs: 500, clock });
  const ticker = new Ticker({ intervalMs: 5_000, pulse });
  const calls: { name: string; atMs: number }[] = [];
  const startedAt = clock.now();
  const ticking = (name: string) => ({ tick: () => calls.push({ name, atMs: clock.now() - startedAt }) });
  return { clock, ticker, calls, ticking };
}

test("2,000 objects share one timer, and each is called once per interval", () => {
  const { clock, ticker, calls, ticking } = setUp();
  const names = Array.from({ length: 2_000 }, (_, index) => `room ${index}`);
  for (const name of names) ticker.add(ticking(name));
  expect(clock.pendingTimers).toBe(1);
  clock.advance(5_000);
  expect(calls.map(({ name }) => name).sort()).toEqual([...names].sort());
  clock.advance(10_000);
  expect([calls.length, clock.pendingTimers]).toEqual([6_000, 1]);
});

test("the calls of many objects are distributed over the interval", () => {
  const { clock, ticker, calls, ticking } = setUp();
  for (let index = 0; index < 100; index += 1) ticker.add(ticking(`room ${index}`));
  clock.advance(5_000);
  const counts = Map.groupBy(calls, ({ atMs }) => atMs).values();
  expect([...counts].map(({ length }) => length)).toEqual(Array.from({ length: 10 }, () => 10));
});

test("an object that is alone is called after whole intervals", () => {
  const { clock, ticker, calls, ticking } = setUp();
  ticker.add(ticking("room"));
  clock.advance(10_000);
  expect(calls.map(({ atMs }) => atMs)).toEqual([5_000, 10_000]);
});

test("a deleted object is not called any more, and without objects there is no timer", () => {
  const { clock, ticker, calls, ticking } = setUp();
  const [first, second] = [ticking("first"), ticking("second")];
  ticker.add(first);
  ticker.add(second);
  ticker.delete(first);
  clock.advance(5_000);
  expect(calls.map(({ name }) => name)).toEqual(["second"]);
  ticker.delete(second);
  ticker.delete(second);
  expect(clock.pendingTimers).toBe(0);
  ticker.add({ tick: () => ticker.delete(first) });
  ticker.add(first);
  clock.advance(10_000);
  expect(clock.pendingTimers).toBe(1);
});
