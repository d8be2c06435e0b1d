import { expect, test } from "bun:test";
import { KeyedBuckets } from "../../src/lib/keyed-buckets.ts";
import { FakeClock } from "../support/fake-clock.ts";

const openBuckets = () => {
  const clock = new FakeClock();
  return { clock, buckets: new KeyedBuckets({ burst: 2, perSecond: 1, clock }) };
};

test("each key has a bucket of its own", () => {
  const { buckets } = openBuckets();
  expect([1, 2, 3].map(() => buckets.of("a").take())).toEqual([true, true, false]);
  expect(buckets.of("__proto__").take()).toBe(true);
});

test("many keys that come once are forgotten when their buckets are full again, and the others are not", () => {
  const { clock, buckets } = openBuckets();
  for (let key = 0; key < 100_000; key += 1) {
    expect(buckets.of(`passer-by ${key}`).take()).toBe(true);
    if (key % 100 !== 0) continue;
    clock.advance(1_000);
    buckets.of("regular").take();
  }
  expect(buckets.size).toBeLessThanOrEqual(1_001);
  expect(buckets.of("regular").isFull).toBe(false);
});

test("no bucket is forgotten that is not full, however many there are", () => {
  const { buckets } = openBuckets();
  for (let key = 0; key < 5_000; key += 1) buckets.of(String(key)).take(2);
  expect(buckets.size).toBe(5_000);
  expect(buckets.of("0").take()).toBe(false);
});
