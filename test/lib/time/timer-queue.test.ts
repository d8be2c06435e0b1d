import { expect, test } from "bun:test";
import { TimerQueue } from "../../../src/lib/time/timer-queue.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const timers = new TimerQueue(clock);
  const done: string[] = [];
  const at = (delayMs: number, name: string) => timers.at(clock.now() + delayMs, () => done.push(name));
  return { clock, timers, done, at };
}

test("each task runs at its time, once", () => {
  const { clock, timers, done, at } = setUp();
  at(20, "late");
  at(10, "early");
  clock.advance(9);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(["early"]);
  clock.advance(1_000);
  expect(done).toEqual(["early", "late"]);
  expect([timers.size, clock.pendingTimers]).toEqual([0, 0]);
});

test("a task for a time in the past runs soon, but not synchronously", () => {
  const { clock, done, at } = setUp();
  at(-5, "past");
  expect(done).toEqual([]);
  clock.advance(0);
  expect(done).toEqual(["past"]);
});

test("tasks for the same time share a timer, and each can be cancelled", () => {
  const { clock, timers, done, at } = setUp();
  const [first, , third] = ["first", "second", "third"].map((name) => at(10, name));
  // One more looks whether the time of day is set.
  expect(clock.pendingTimers).toBe(2);
  first?.();
  first?.();
  clock.advance(10);
  expect(done).toEqual(["second", "third"]);
  third?.();
  const alone = at(10, "alone");
  alone();
  expect([timers.size, clock.pendingTimers]).toEqual([0, 0]);
});

test("the same function can be queued twice", () => {
  const { clock, timers } = setUp();
  let runs = 0;
  const count = () => {
    runs += 1;
  };
  timers.at(clock.now() + 5, count);
  const cancel = timers.at(clock.now() + 5, count);
  cancel();
  clock.advance(5);
  expect(runs).toBe(1);
});

test("a task may cancel another of the same time, and queue a further one", () => {
  const { clock, timers, done, at } = setUp();
  const now = clock.now();
  let cancel = () => {};
  timers.at(now + 5, () => {
    cancel();
    timers.at(now + 5, () => done.push("set"));
  });
  cancel = at(5, "cancelled");
  clock.advance(5);
  expect(done).toEqual(["set"]);
});

test("a time beyond the range of a timer is reached by several timers", () => {
  const { clock, done, at } = setUp();
  const days = 86_400_000;
  at(100 * days, "far");
  clock.advance(100 * days - 1);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(["far"]);
});

const hour = 3_600_000;

test("if the time of day is set back, a task waits until it comes again", () => {
  const { clock, done, at } = setUp();
  at(10 * 60_000, "task");
  clock.advance(5 * 60_000);
  clock.set(-hour);
  clock.advance(hour + 5 * 60_000 - 1);
  expect(done).toEqual([]);
  clock.advance(1);
  expect(done).toEqual(["task"]);
});

test("if the time of day is set forward, tasks whose time has passed run within a minute, and others at their time", () => {
  const { clock, timers, done, at } = setUp();
  at(30 * 60_000, "passed");
  at(2 * hour, "to come");
  clock.advance(30_000);
  clock.set(hour);
  clock.advance(30_000);
  expect(done).toEqual(["passed"]);
  clock.advance(hour - 60_000 - 1);
  expect(done).toEqual(["passed"]);
  clock.advance(1);
  expect(done).toEqual(["passed", "to come"]);
  expect([timers.size, clock.pendingTimers]).toEqual([0, 0]);
});

test("a small correction of the clock is awaited at the end, and starts no timer again", () => {
  const { clock, done, at } = setUp();
  at(10 * 60_000, "task");
  clock.set(-500);
  clock.advance(10 * 60_000);
  expect(done).toEqual([]);
  clock.advance(500);
  expect(done).toEqual(["task"]);
});
