import { expect, test } from "bun:test";
import { Deadlines } from "../../../src/lib/time/timeouts.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function open() {
  const clock = new FakeClock();
  const expired: string[] = [];
  const deadlines = new Deadlines<string>({ durationMs: 1_000, clock, expired: (item) => expired.push(item) });
  return { clock, deadlines, expired };
}

test("each item expires once, when its own time is up, in the order in which they were set", () => {
  const { clock, deadlines, expired } = open();
  deadlines.set("a");
  clock.advance(300);
  deadlines.set("b");
  deadlines.set("c");
  clock.advance(699);
  expect(expired).toEqual([]);
  clock.advance(1);
  expect(expired).toEqual(["a"]);
  clock.advance(300);
  expect(expired).toEqual(["a", "b", "c"]);
  clock.advance(10_000);
  expect([expired.length, deadlines.size]).toEqual([3, 0]);
});

test("an item that is set again has its whole time anew, and one that is cleared never expires", () => {
  const { clock, deadlines, expired } = open();
  for (const item of ["a", "b", "c"]) deadlines.set(item);
  clock.advance(600);
  deadlines.set("a");
  deadlines.clear("b");
  deadlines.clear("b");
  clock.advance(400);
  expect(expired).toEqual(["c"]);
  clock.advance(600);
  expect(expired).toEqual(["c", "a"]);
});

test("there is one timer for all, and none for nobody", () => {
  const { clock, deadlines } = open();
  for (let item = 0; item < 1_000; item += 1) deadlines.set(String(item));
  expect(clock.pendingTimers).toBe(1);
  for (let item = 0; item < 1_000; item += 1) deadlines.clear(String(item));
  expect(clock.pendingTimers).toBe(0);
});

test("what is set while others expire has its whole time", () => {
  const clock = new FakeClock();
  const expired: number[] = [];
  const deadlines: Deadlines<string> = new Deadlines({
    durationMs: 1_000,
    clock,
    expired: (item) => {
      expired.push(clock.now());
      if (expired.length < 3) deadlines.set(item);
    },
  });
  const start = clock.now();
  deadlines.set("again");
  clock.advance(10_000);
  expect(expired).toEqual([start + 1_000, start + 2_000, start + 3_000]);
});
