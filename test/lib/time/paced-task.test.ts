import { expect, test } from "bun:test";
import { PacedTask } from "../../../src/lib/time/paced-task.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const runs: number[] = [];
  const startedAt = clock.now();
  const paced = new PacedTask({ task: () => runs.push(clock.now() - startedAt), intervalMs: 100, clock });
  return { clock, runs, paced };
}

test("a paced task runs at its first request, and once more for all requests of the interval", () => {
  const { clock, runs, paced } = setUp();
  for (let request = 0; request < 5; request += 1) {
    paced.request();
    clock.advance(10);
  }
  expect(runs).toEqual([0]);
  clock.advance(1_000);
  expect(runs).toEqual([0, 100]);
  expect(clock.pendingTimers).toBe(0);
});

test("a paced task runs at once when nothing was requested for an interval", () => {
  const { clock, runs, paced } = setUp();
  paced.request();
  clock.advance(100);
  paced.request();
  expect(runs).toEqual([0, 100]);
});

test("a cancelled run does not take place, and later requests keep the interval", () => {
  const { clock, runs, paced } = setUp();
  paced.request();
  clock.advance(50);
  paced.request();
  paced.cancel();
  clock.advance(49);
  paced.request();
  clock.advance(1_000);
  expect(runs).toEqual([0, 100]);
});

test("a paced task waits for no more than its interval when the time of day is set", () => {
  const { clock, runs, paced } = setUp();
  paced.request();
  clock.set(-3_600_000);
  paced.request();
  clock.advance(99);
  expect(runs).toHaveLength(1);
  clock.advance(1);
  expect(runs).toHaveLength(2);
});
