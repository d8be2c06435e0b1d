import { expect, test } from "bun:test";
import { IdleTask } from "../../../src/lib/time/idle-task.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const state = { isIdle: true, runs: 0 };
  const idleTask = new IdleTask({
    task: () => {
      state.runs += 1;
    },
    isIdle: () => state.isIdle,
    delayMs: 1_000,
    clock,
  });
  return { clock, state, idleTask };
}

test("an idle task runs once, when nothing has happened for its delay", () => {
  const { clock, state, idleTask } = setUp();
  for (let times = 0; times < 5; times += 1) {
    idleTask.restart();
    clock.advance(999);
  }
  expect(state.runs).toBe(0);
  clock.advance(1);
  expect(state.runs).toBe(1);
  clock.advance(10_000);
  expect(state.runs).toBe(1);
});

test("an idle task is skipped while there is activity, and runs after the next restart", () => {
  const { clock, state, idleTask } = setUp();
  idleTask.restart();
  state.isIdle = false;
  clock.advance(1_000);
  expect(state.runs).toBe(0);
  state.isIdle = true;
  idleTask.restart();
  clock.advance(1_000);
  expect(state.runs).toBe(1);
});

test("a closed idle task never runs and leaves no timer", () => {
  const { clock, state, idleTask } = setUp();
  idleTask.restart();
  idleTask.close();
  idleTask.restart();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(1_000);
  expect(state.runs).toBe(0);
});
