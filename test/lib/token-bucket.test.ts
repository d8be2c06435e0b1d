import { expect, test } from "bun:test";
import { TokenBucket } from "../../src/lib/token-bucket.ts";
import { FakeClock } from "../support/fakes/fake-clock.ts";

const taken = (bucket: TokenBucket, tries: number) =>
  Array.from({ length: tries }, () => bucket.take()).filter(Boolean);

test("a bucket gives its burst at once, then its rate, and never more than its burst", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 5, perSecond: 10, clock });
  expect(taken(bucket, 9)).toHaveLength(5);
  clock.advance(99);
  expect(bucket.take()).toBe(false);
  clock.advance(1);
  expect(taken(bucket, 9)).toHaveLength(1);
  clock.advance(250);
  expect(taken(bucket, 9)).toHaveLength(2);
  clock.advance(3_600_000);
  expect(taken(bucket, 9)).toHaveLength(5);
});

test("setting the time of day neither adds nor removes tokens", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 1, perSecond: 1, clock });
  expect(bucket.take()).toBe(true);
  for (const changeMs of [-3_600_000, 7_200_000]) {
    clock.set(changeMs);
    expect(bucket.take()).toBe(false);
  }
  clock.advance(1_000);
  expect(bucket.take()).toBe(true);
});

test("several tokens are taken together or not at all, and a bucket gives the wait for them", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 10, perSecond: 4, clock });
  expect([bucket.isFull, bucket.waitMs(10), bucket.take(7), bucket.isFull]).toEqual([true, 0, true, false]);
  expect([bucket.take(4), bucket.waitMs(4), bucket.waitMs(3)]).toEqual([false, 250, 0]);
  clock.advance(125);
  expect([bucket.take(4), bucket.waitMs(4)]).toEqual([false, 125]);
  clock.advance(125);
  expect(bucket.take(4)).toBe(true);
});

test("callers that reserve tokens wait for them in the order of their calls, unless one gives them back", () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 2, perSecond: 10, clock });
  expect([bucket.reserve(2), bucket.reserve(), bucket.reserve(3)]).toEqual([0, 100, 400]);
  expect([bucket.take(), bucket.waitMs()]).toEqual([false, 500]);
  bucket.giveBack(3);
  expect(bucket.reserve()).toBe(200);
  clock.advance(10_000);
  bucket.giveBack(5);
  expect([bucket.take(2), bucket.take()]).toEqual([true, false]);
});
