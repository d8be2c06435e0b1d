import { expect, test } from "bun:test";
import { CircuitBreaker } from "../../src/lib/circuit-breaker.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

function open() {
  const clock = new FakeClock();
  const breaker = new CircuitBreaker({ failures: 3, openMs: 10_000, clock });
  const fail = (times: number) => {
    for (let time = 0; time < times; time += 1) breaker.begin()?.end("failed");
  };
  return { clock, breaker, fail };
}

test("consecutive failures open a breaker", () => {
  const { breaker, fail } = open();
  fail(2);
  breaker.begin()?.end("succeeded");
  fail(2);
  expect(breaker.isOpen).toBe(false);
  breaker.begin()?.end("unknown");
  fail(1);
  expect([breaker.isOpen, breaker.begin()]).toEqual([true, undefined]);
});

test("an open breaker lets one call through after its time, and closes when that call succeeds", () => {
  const { breaker, clock, fail } = open();
  fail(3);
  clock.advance(9_999);
  expect(breaker.begin()).toBeUndefined();
  clock.advance(1);
  expect(breaker.isOpen).toBe(false);
  const probe = breaker.begin();
  expect([probe === undefined, breaker.isOpen, breaker.begin()]).toEqual([false, true, undefined]);
  clock.advance(60_000);
  expect(breaker.begin()).toBeUndefined();
  probe?.end("succeeded");
  fail(2);
  expect(breaker.isOpen).toBe(false);
});

test("a probe that fails opens the breaker for as long again", () => {
  const { breaker, clock, fail } = open();
  fail(3);
  clock.advance(10_000);
  fail(1);
  clock.advance(9_999);
  expect(breaker.isOpen).toBe(true);
  clock.advance(1);
  expect(breaker.isOpen).toBe(false);
});

test("after a probe with an unknown outcome, the next call is the probe", () => {
  const { breaker, clock, fail } = open();
  fail(3);
  clock.advance(10_000);
  breaker.begin()?.end("unknown");
  expect(breaker.begin()).toBeDefined();
  expect(breaker.begin()).toBeUndefined();
});

test("a call that began before the opening does not count", () => {
  const { breaker, clock, fail } = open();
  const late = [breaker.begin(), breaker.begin()];
  fail(3);
  late[0]?.end("succeeded");
  expect(breaker.isOpen).toBe(true);
  clock.advance(10_000);
  const probe = breaker.begin();
  late[1]?.end("failed");
  expect(breaker.begin()).toBeUndefined();
  probe?.end("succeeded");
  expect(breaker.isOpen).toBe(false);
});

test("the time of day, when it is set, neither closes a breaker nor keeps it open", () => {
  const { breaker, clock, fail } = open();
  fail(3);
  clock.set(3_600_000);
  expect(breaker.isOpen).toBe(true);
  clock.set(-7_200_000);
  clock.advance(3_600_000);
  expect(breaker.isOpen).toBe(false);
});
