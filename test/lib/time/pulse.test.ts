import { expect, test } from "bun:test";
import { Pulse } from "../../../src/lib/time/pulse.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const startedAt = clock.now();
  let blockedMs = 0;
  const elapsedMs = () => clock.elapsedMs() + blockedMs;
  const pulse = new Pulse({ intervalMs: 200, clock: { after: (ms, task) => clock.after(ms, task), elapsedMs } });
  const calls: string[] = [];
  const task = (name: string) => () => void calls.push(`${name} at ${clock.now() - startedAt}`);
  return { clock, pulse, calls, task, block: (ms: number) => (blockedMs += ms) };
}

test("tasks that begin at different times wake the process together", () => {
  const { clock, pulse, calls, task } = setUp();
  pulse.next(task("first"));
  clock.advance(150);
  pulse.next(task("second"));
  expect(clock.pendingTimers).toBe(1);
  clock.advance(50);
  expect(calls).toEqual(["first at 200", "second at 200"]);
});

test("a task that asks for the next beat in its own runs once in each", () => {
  const { clock, pulse, calls, task } = setUp();
  const again = () => {
    task("beat")();
    pulse.next(again);
  };
  pulse.next(again);
  clock.advance(600);
  expect(calls).toEqual(["beat at 200", "beat at 400", "beat at 600"]);
});

test("no timer runs while no task waits", () => {
  const { clock, pulse, calls, task } = setUp();
  pulse.next(task("once"));
  clock.advance(200);
  expect([calls.length, clock.pendingTimers]).toEqual([1, 0]);
  const cancels = [pulse.next(task("first")), pulse.next(task("second"))];
  cancels[0]?.();
  expect(clock.pendingTimers).toBe(1);
  cancels[1]?.();
  cancels[1]?.();
  expect(clock.pendingTimers).toBe(0);
  clock.advance(1_000);
  expect(calls).toEqual(["once at 200"]);
});

test("a task may cancel another one of its beat, and the next beat comes all the same", () => {
  const { clock, pulse, calls, task } = setUp();
  pulse.next(() => {
    cancel();
    pulse.next(task("next"));
    cancel();
  });
  const cancel = pulse.next(task("cancelled"));
  clock.advance(400);
  expect(calls).toEqual(["next at 400"]);
});

test("tasks are told how late the event loop has come to them", () => {
  const { clock, pulse, block } = setUp();
  const late: number[] = [];
  const again = (lateMs: number) => {
    late.push(lateMs);
    pulse.next(again);
  };
  pulse.next(again);
  clock.advance(200);
  block(30);
  clock.advance(200);
  clock.advance(200);
  expect(late).toEqual([0, 30, 0]);
});
