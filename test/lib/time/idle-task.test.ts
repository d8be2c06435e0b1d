import { expect, test } from "bun:test";
import { IdleTask } from "../../../src/lib/time/idle-task.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const state = { isQuiet: true, runs: 0 };
  const quiet = new IdleTask({
    task: () => {
      state.runs += 1;
    },
    isIdle: () => state.isQuiet,
    delayMs: 1_000,
    clock,
  });
  return { clock, state, quiet };
}

test("an idle task runs once, when nothing has happened for its delay", () => {
  const { clock, state, quiet } = setUp();
  for (let times = 0; times < 5; times += 1) {
    quiet.stir();
    clock.advance(999);
  }
  expect(state.runs).toBe(0);
  clock.advance(1);
  expect(state.runs).toBe(1);
  clock.advance(10_000);
  expect(state.runs).toBe(1);
});

test("an idle task is skipped while there is activity, and runs after the next restart", () => {
  const { clock, state, quiet } = setUp();
  quiet.stir();
  state.isQuiet = false;
  clock.advance(1_000);
  expect(state.runs).toBe(0);
  state.isQuiet = true;
  quiet.stir();
  clock.advance(1_000);
  expect(state.runs).toBe(1);
});

test("a closed idle task never runs and leaves no timer", () => {
  const { clock, state, quiet } = setUp();
  quiet.stir();
  quiet.close();
  quiet.stir();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(1_000);
  expect(state.runs).toBe(0);
});
