import { expect, test } from "bun:test";
import { KeyedBuckets } from "../../src/lib/keyed-buckets.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const openBuckets = () => {
  const clock = new FakeClock();
  return { clock, buckets: new KeyedBuckets({ burst: 2, perSecond: 1, clock }) };
};

test("each key has a bucket of its own", () => {
  const { buckets } = openBuckets();
  expect([1, 2, 3].map(() => buckets.of("a").take())).toEqual([true, true, false]);
  expect(buckets.of("__proto__").take()).toBe(true);
});

test("buckets of keys that are used once are removed when they are full again, and the others are kept", () => {
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

test("a bucket that is not full is never removed, however many there are", () => {
  const { buckets } = openBuckets();
  for (let key = 0; key < 5_000; key += 1) buckets.of(String(key)).take(2);
  expect(buckets.size).toBe(5_000);
  expect(buckets.of("0").take()).toBe(false);
});

/** Empties the buckets of `count` keys that are not used again. */
const spoof = (buckets: KeyedBuckets, count: number) => {
  for (let key = 0; key < count; key += 1) buckets.of(`spoofed ${key}`).take(2);
};
const ownBuckets = 65_536;
const sharedBuckets = 4_096;

test("a million keys at once take no more memory than the fixed number of buckets", () => {
  const { buckets } = openBuckets();
  spoof(buckets, ownBuckets);
  expect(buckets.size).toBe(ownBuckets);
  spoof(buckets, 1_000_000);
  expect(buckets.size).toBe(ownBuckets + sharedBuckets);
  expect(buckets.of("one more").take()).toBe(false);
});

test("a key in use keeps its own bucket, whatever other keys come", () => {
  const { clock, buckets } = openBuckets();
  buckets.of("busy").take(2);
  for (let second = 0; second < 10; second += 1) {
    spoof(buckets, 100_000);
    expect(buckets.of("busy").take()).toBe(false);
    clock.advance(1_000);
    expect(buckets.of("busy").take()).toBe(true);
  }
  expect(buckets.size).toBeLessThanOrEqual(ownBuckets + sharedBuckets);
});

test("once the other keys are gone, a new key has a bucket of its own again", () => {
  const { clock, buckets } = openBuckets();
  spoof(buckets, 100_000);
  clock.advance(1_999);
  buckets.of("new").take(2);
  expect(buckets.size).toBeGreaterThan(ownBuckets);
  clock.advance(1);
  buckets.of("newer").take(2);
  expect(buckets.of("newer").take()).toBe(false);
  expect(buckets.size).toBeLessThanOrEqual(1 + sharedBuckets);
});

test("which keys share a bucket is not predictable", () => {
  const sharing = [openBuckets(), openBuckets()].map(({ buckets }) => {
    spoof(buckets, ownBuckets);
    return Array.from({ length: 1_000 }, (_, key) => buckets.of(`further ${key}`).take(2));
  });
  expect(sharing[0]).toContain(false);
  expect(sharing[0]).not.toEqual(sharing[1]);
});
