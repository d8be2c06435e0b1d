import { expect, test } from "bun:test";
import { ExpiringCache } from "../../src/lib/expiring-cache.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

function open() {
  const clock = new FakeClock();
  return { clock, cache: new ExpiringCache<string>(3, clock) };
}

test("a value expires exactly at the end of its time", () => {
  const { cache, clock } = open();
  cache.set("a", "first", 1_000);
  clock.advance(999);
  expect(cache.get("a")).toBe("first");
  clock.advance(1);
  expect(cache.get("a")).toBeUndefined();
});

test("a value that is set again has its whole time again", () => {
  const { cache, clock } = open();
  cache.set("a", "first", 1_000);
  clock.advance(900);
  cache.set("a", "second", 1_000);
  clock.advance(900);
  expect(cache.get("a")).toBe("second");
  expect(cache.size).toBe(1);
});

test("beyond the limit, the oldest value is evicted", () => {
  const { cache } = open();
  for (const key of ["a", "b", "a", "c"]) cache.set(key, key, 1_000);
  expect(cache.get("b")).toBe("b");
  cache.set("d", "d", 1_000);
  expect(["a", "b", "c", "d"].map((key) => cache.get(key))).toEqual(["a", undefined, "c", "d"]);
  expect(cache.size).toBe(3);
});

test("a set removes expired values", () => {
  const { cache, clock } = open();
  cache.set("a", "a", 1_000);
  cache.set("b", "b", 1_000);
  clock.advance(1_000);
  cache.set("c", "c", 1_000);
  expect([cache.size, cache.get("c")]).toEqual([1, "c"]);
});

test("setting the time of day neither ends a value nor prolongs it", () => {
  const { cache, clock } = open();
  cache.set("a", "a", 1_000);
  clock.set(3_600_000);
  expect(cache.get("a")).toBe("a");
  clock.set(-7_200_000);
  clock.advance(1_000);
  expect(cache.get("a")).toBeUndefined();
});
