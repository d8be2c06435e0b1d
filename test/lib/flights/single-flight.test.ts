import { expect, test } from "bun:test";
import { SingleFlight } from "../../../src/lib/flights/single-flight.ts";
import { settled } from "../../support/eventually.ts";

function open() {
  const flights = new SingleFlight<string>();
  const calls: { readonly signal: AbortSignal; readonly landed: PromiseWithResolvers<string> }[] = [];
  const call = (signal: AbortSignal) => {
    const landed = Promise.withResolvers<string>();
    calls.push({ signal, landed });
    return landed.promise;
  };
  const join = (key = "key", { signal } = new AbortController()) => flights.join({ key, signal, call });
  return { calls, join };
}

test("callers of one key share one call, and another key has its own", async () => {
  const { calls, join } = open();
  const results = [join(), join(), join("other")];
  expect(calls).toHaveLength(2);
  calls[0]?.landed.resolve("shared");
  calls[1]?.landed.resolve("own");
  expect(await Promise.all(results)).toEqual(["shared", "shared", "own"]);
  expect(calls[0]?.signal.aborted).toBe(false);
});

test("after the call has completed or failed, the next caller starts a new one", async () => {
  const { calls, join } = open();
  const failing = [join(), join()];
  calls[0]?.landed.reject(new Error("failed"));
  expect(await Promise.allSettled(failing)).toMatchObject([
    { reason: { message: "failed" } },
    { reason: { message: "failed" } },
  ]);
  const next = join();
  expect(calls).toHaveLength(2);
  calls[1]?.landed.resolve("new");
  expect(await next).toBe("new");
});

test("an abort ends the wait of that caller only", async () => {
  const { calls, join } = open();
  const controller = new AbortController();
  const reason = new Error("gone");
  const leaving = join("key", controller);
  const staying = join();
  controller.abort(reason);
  expect(await leaving.catch((error) => error)).toBe(reason);
  expect(calls[0]?.signal.aborted).toBe(false);
  calls[0]?.landed.resolve("landed");
  expect(await staying).toBe("landed");
});

test("a call without callers is aborted, and later callers do not join it", async () => {
  const { calls, join } = open();
  const controller = new AbortController();
  const leaving = [join("key", controller), join("key", controller)];
  controller.abort();
  await Promise.allSettled(leaving);
  expect(calls[0]?.signal.aborted).toBe(true);
  const next = join();
  expect(calls).toHaveLength(2);
  calls[0]?.landed.resolve("late");
  await settled();
  const another = join();
  expect(calls).toHaveLength(2);
  calls[1]?.landed.resolve("new");
  expect(await Promise.all([next, another])).toEqual(["new", "new"]);
});

test("a caller whose signal is already aborted starts no call", async () => {
  const { calls, join } = open();
  const controller = new AbortController();
  controller.abort();
  expect(await join("key", controller).catch((error) => error)).toBe(controller.signal.reason);
  expect(calls).toHaveLength(0);
});
