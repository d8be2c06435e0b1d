import { expect, test } from "bun:test";
import { CompactionPace } from "../../../src/relay/compaction/compaction-pace.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const closing = new AbortController();
  const pace = new CompactionPace(clock, { closed: closing.signal });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  /** Ends the running task after some time. */
  const end = async (afterMs = 0) => {
    clock.advance(afterMs);
    ends.shift()?.();
    await settled();
  };
  const advance = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  const task = (name: string) => () => {
    begun.push(name);
    return new Promise<void>((resolve) => ends.push(resolve));
  };
  return { clock, pace, closing, begun, end, advance, task };
}

test("the first task runs at once, and the next one a second after its end", async () => {
  const { pace, begun, end, advance, task } = setUp();
  void pace.run(task("one"));
  void pace.run(task("two"));
  await settled();
  expect([begun, pace.isOpen]).toEqual([["one"], false]);
  await end();
  await advance(999);
  expect(begun).toEqual(["one"]);
  await advance(1);
  expect(begun).toEqual(["one", "two"]);
  await end();
  expect(pace.isOpen).toBe(false);
  await advance(1_000);
  expect(pace.isOpen).toBe(true);
});

test.each([
  [100, 1_000],
  [1_000, 4_000],
  [20_000, 10_000],
])("a task of %d ms is followed by a pause of %d ms", async (tookMs, pauseMs) => {
  const { pace, begun, end, advance, task } = setUp();
  void pace.run(task("one"));
  void pace.run(task("two"));
  await settled();
  await end(tookMs);
  await advance(pauseMs - 1);
  expect(begun).toHaveLength(1);
  await advance(1);
  expect(begun).toHaveLength(2);
});

test("a task that serves many goes before those that wait", async () => {
  const { pace, begun, end, advance, task } = setUp();
  void pace.run(task("runs"));
  for (const name of ["one", "two"]) void pace.run(task(name));
  for (const name of ["first", "second"]) void pace.runFirst(task(name));
  for (let count = 0; count < 5; count += 1) {
    await settled();
    await end();
    await advance(1_000);
  }
  expect(begun).toEqual(["runs", "first", "second", "one", "two"]);
});

test("a task that fails rejects its own caller, and the others go on", async () => {
  const { pace, advance } = setUp();
  const failing = pace.run(() => Promise.reject(new Error("it fails")));
  expect(await failing.catch(String)).toBe("Error: it fails");
  const next = pace.run(async () => "done");
  await advance(1_000);
  expect(await next).toBe("done");
});

test("closed, it lets everything run without a pause and keeps no timer", async () => {
  const { clock, pace, begun, end, task } = setUp();
  void pace.run(task("one"));
  void pace.run(task("two"));
  await settled();
  await end();
  pace.close();
  await settled();
  await end();
  void pace.run(task("three"));
  await settled();
  expect([begun, clock.pendingTimers]).toEqual([["one", "two", "three"], 0]);
});

test("once the compactor is closed, tasks do not wait for a pause", async () => {
  const { clock, pace, closing, begun, end, task } = setUp();
  void pace.run(task("one"));
  void pace.run(task("two"));
  await settled();
  await end();
  closing.abort();
  await settled();
  expect([begun, clock.pendingTimers]).toEqual([["one", "two"], 0]);
});

test("without a waiting task it keeps no timer", async () => {
  const { clock, pace, end, task } = setUp();
  void pace.run(task("one"));
  await settled();
  await end(5_000);
  expect(clock.pendingTimers).toBe(0);
});

test("a pause is as long when the time of day is set meanwhile", async () => {
  const { clock, pace, begun, end, advance, task } = setUp();
  void pace.run(task("one"));
  await settled();
  await end();
  void pace.run(task("two"));
  clock.set(-3_600_000);
  await advance(999);
  clock.set(7_200_000);
  await settled();
  expect(begun).toEqual(["one"]);
  await advance(1);
  expect(begun).toEqual(["one", "two"]);
});
