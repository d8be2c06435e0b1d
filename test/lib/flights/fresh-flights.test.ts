import { expect, test } from "bun:test";
import { FreshFlights } from "../../../src/lib/flights/fresh-flights.ts";
import { settled } from "../../support/eventually.ts";

function setUp() {
  const flights = new FreshFlights<number>();
  const running: PromiseWithResolvers<number>[] = [];
  let calls = 0;
  const join = (signal = new AbortController().signal, key = "key") =>
    flights.join({
      key,
      signal,
      call: () => {
        calls += 1;
        const call = Promise.withResolvers<number>();
        running.push(call);
        return call.promise;
      },
    });
  const end = async (result: number) => {
    await settled();
    running.shift()?.resolve(result);
    await settled();
  };
  return { end, flights, join, calls: () => calls, running };
}

test("a caller gets the result of a call that begins after it has joined, one call at a time", async () => {
  const { calls, end, flights, join } = setUp();
  const first = [join(), join()];
  await settled();
  const later = [join(), join(), join()];
  await settled();
  expect(calls()).toBe(1);
  await end(1);
  const last = join();
  expect(await Promise.all(first)).toEqual([1, 1]);
  expect(calls()).toBe(2);
  await end(2);
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
  await end(3);
  expect(await last).toBe(3);
  await settled();
  expect(flights.size).toBe(0);
});

test("calls of different keys overlap", async () => {
  const { calls, end, join } = setUp();
  const both = [join(undefined, "a"), join(undefined, "b")];
  await settled();
  expect(calls()).toBe(2);
  await end(1);
  await end(2);
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test("a call that fails does not keep the next one from running", async () => {
  const { end, join, running } = setUp();
  const failed = join().catch((error: Error) => error.message);
  await settled();
  const next = join();
  running.shift()?.reject(new Error("failed"));
  expect(await failed).toBe("failed");
  await end(2);
  expect(await next).toBe(2);
});

test("a call that waits is not made when all its callers have gone", async () => {
  const { calls, end, flights, join } = setUp();
  const gone = new AbortController();
  const first = join();
  await settled();
  const waiting = join(gone.signal).catch(() => "gone");
  await settled();
  gone.abort();
  expect(await waiting).toBe("gone");
  await end(1);
  expect(await first).toBe(1);
  await settled();
  expect([calls(), flights.size]).toEqual([1, 0]);
});
