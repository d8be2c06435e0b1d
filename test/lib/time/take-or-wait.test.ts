import { expect, test } from "bun:test";
import { takeOrWait } from "../../../src/lib/time/take-or-wait.ts";
import { TokenBucket } from "../../../src/lib/token-bucket.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const bucket = new TokenBucket({ burst: 1, perSecond: 1, clock });
  const gone = new AbortController();
  return { clock, bucket, gone, take: () => takeOrWait(bucket, gone, clock) };
}

test("a token is taken at once while there is one, and the signal is not asked for", () => {
  const { bucket, clock } = setUp();
  const waiter = {
    get signal(): AbortSignal {
      throw new Error("asked");
    },
  };
  expect(takeOrWait(bucket, waiter, clock)).toBe(true);
});

test("the next ones are taken as the bucket fills, one each", async () => {
  const { clock, take } = setUp();
  await take();
  const taken: number[] = [];
  for (const index of [1, 2]) void Promise.resolve(take()).then(() => taken.push(index));
  clock.advance(999);
  await settled();
  expect(taken).toEqual([]);
  for (const count of [1, 2]) {
    clock.advance(1_000);
    await settled();
    expect(taken).toHaveLength(count);
  }
});

test("a waiter that disconnects takes none, then or before it waits", async () => {
  const { clock, gone, take } = setUp();
  await take();
  const waiting = take();
  gone.abort();
  expect([await waiting, await take(), clock.pendingTimers]).toEqual([false, false, 0]);
});
