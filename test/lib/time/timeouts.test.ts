import { expect, test } from "bun:test";
import { Timeouts } from "../../../src/lib/time/timeouts.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function open() {
  const clock = new FakeClock();
  const expired: string[] = [];
  const timeouts = new Timeouts<string>({ durationMs: 1_000, clock, expired: (item) => expired.push(item) });
  return { clock, timeouts, expired };
}

test("each item expires once, after its own time, in the order in which the items were set", () => {
  const { clock, timeouts, expired } = open();
  timeouts.set("a");
  clock.advance(300);
  timeouts.set("b");
  timeouts.set("c");
  clock.advance(699);
  expect(expired).toEqual([]);
  clock.advance(1);
  expect(expired).toEqual(["a"]);
  clock.advance(300);
  expect(expired).toEqual(["a", "b", "c"]);
  clock.advance(10_000);
  expect([expired.length, timeouts.size]).toEqual([3, 0]);
});

test("an item that is set again has its whole time again, and a cleared item never expires", () => {
  const { clock, timeouts, expired } = open();
  for (const item of ["a", "b", "c"]) timeouts.set(item);
  clock.advance(600);
  timeouts.set("a");
  timeouts.clear("b");
  timeouts.clear("b");
  clock.advance(400);
  expect(expired).toEqual(["c"]);
  clock.advance(600);
  expect(expired).toEqual(["c", "a"]);
});

test("all items share one timer, and without items there is none", () => {
  const { clock, timeouts } = open();
  for (let item = 0; item < 1_000; item += 1) timeouts.set(String(item));
  expect(clock.pendingTimers).toBe(1);
  for (let item = 0; item < 1_000; item += 1) timeouts.clear(String(item));
  expect(clock.pendingTimers).toBe(0);
});

test("an item that is set while others expire has its whole time", () => {
  const clock = new FakeClock();
  const expired: number[] = [];
  const timeouts: Timeouts<string> = new Timeouts({
    durationMs: 1_000,
    clock,
    expired: (item) => {
      expired.push(clock.now());
      if (expired.length < 3) timeouts.set(item);
    },
  });
  const start = clock.now();
  timeouts.set("again");
  clock.advance(10_000);
  expect(expired).toEqual([start + 1_000, start + 2_000, start + 3_000]);
});
