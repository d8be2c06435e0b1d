import { describe, expect, test } from "bun:test";
import { abortableWait, untilAborted } from "../../src/lib/abortable-wait.ts";

/** A wait whose end is the test's to call; `events` says when it starts and stops. */
function setUp() {
  const aborter = new AbortController();
  const events: string[] = [];
  let done = () => {};
  const wait = () =>
    abortableWait(aborter.signal, (end) => {
      events.push("start");
      done = end;
      return () => events.push("stop");
    });
  return { aborter, events, wait, done: () => done() };
}

describe("an abortable wait", () => {
  test("ends when it is done, and an abort after that changes nothing", async () => {
    const { aborter, events, wait, done } = setUp();
    const waiting = wait();
    done();
    aborter.abort();
    done();
    expect(events).toEqual(["start", "stop"]);
    expect(await waiting).toBe(true);
  });

  test("stops inside the abort, and being done after that changes nothing", async () => {
    const { aborter, events, wait, done } = setUp();
    const waiting = wait();
    aborter.abort();
    expect(events).toEqual(["start", "stop"]);
    done();
    expect(await waiting).toBe(false);
    expect(events).toEqual(["start", "stop"]);
  });

  test("does not start when the signal has aborted already", async () => {
    const { aborter, events, wait } = setUp();
    aborter.abort();
    expect(await wait()).toBe(false);
    expect(events).toEqual([]);
  });

  test("may be done before it has started", async () => {
    const events: string[] = [];
    const { signal } = new AbortController();
    const waiting = abortableWait(signal, (done) => {
      done();
      return () => events.push("stop");
    });
    expect(await waiting).toBe(true);
    expect(events).toEqual(["stop"]);
  });
});

describe("a promise until the signal aborts", () => {
  test("settles as it does", async () => {
    const { signal } = new AbortController();
    expect(await untilAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(untilAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  });

  test.each(["before", "while"])("rejects with the signal's reason when that aborts %s it is awaited", async (when) => {
    const aborter = new AbortController();
    const abort = () => aborter.abort(new Error("gone"));
    if (when === "before") abort();
    const { promise, reject } = Promise.withResolvers<number>();
    const waiting = untilAborted(promise, aborter.signal);
    if (when === "while") abort();
    await expect(waiting).rejects.toThrow("gone");
    // A later rejection of the promise is not unhandled.
    reject(new Error("late"));
    await Promise.resolve();
  });
});
