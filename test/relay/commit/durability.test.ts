import { describe, expect, test } from "bun:test";
import { pino } from "pino";
import type { Moment } from "../../../src/ops/durations.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { Durability } from "../../../src/relay/commit/durability.ts";
import { settled } from "../../support/eventually.ts";
import { FailingStore } from "../../support/fakes/failing-store.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { FakeConnection } from "../../support/fakes/fake-connection.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";

function setUp(kind: "disk" | "process" = "disk", acknowledgementWindowMs = 20) {
  const clock = new FakeClock();
  const store = new FailingStore(openMemoryStore());
  const metrics = createMetrics();
  const durability = new Durability({
    store,
    durability: kind,
    acknowledgementWindowMs,
    clock,
    log: pino({ level: "silent" }),
    metrics,
  });
  const [a, b] = [new FakeConnection("a"), new FakeConnection("b")];
  const acknowledge = (connection: FakeConnection, frame: string) =>
    durability.whenDurable(connection, { stored: () => connection.send(frame) });
  /** Reports a commit as the commit queue does, with the acknowledgements of its updates. */
  const commit = (...frames: readonly (readonly [FakeConnection, string])[]) =>
    commitArrived(performance.now(), frames);
  const commitArrived = (arrived: Moment, frames: readonly (readonly [FakeConnection, string])[]) => {
    durability.committed(() => {
      for (const [connection, frame] of frames) acknowledge(connection, frame);
    }, arrived);
  };
  /** The number and the sum of a histogram, in seconds. */
  const durations = async (name: string) => {
    const text = await metrics.registry.metrics();
    const figure = (suffix: string) => Number(new RegExp(`^yurt_${name}_seconds_${suffix} (.+)$`, "m").exec(text)?.[1]);
    return { count: figure("count"), sum: figure("sum") };
  };
  return { clock, store, durability, a, b, acknowledge, commit, commitArrived, durations };
}

describe("with disk, an acknowledgement", () => {
  test("waits until a sync has ended that began after the commit", async () => {
    const { store, a, b, commit, clock } = setUp();
    const release = store.holdSync();
    commit([a, "1"], [b, "2"], [a, "3"]);
    clock.runTurns();
    commit([a, "4"]);
    clock.runTurns();
    await settled();
    expect([a.take(), b.take()]).toEqual([[], []]);
    const releaseSecond = store.holdSync();
    release();
    await settled();
    expect([a.take(), b.take()]).toEqual([["1", "3"], ["2"]]);
    clock.runTurns();
    clock.advance(19);
    await settled();
    expect([a.take(), store.syncs]).toEqual([[], 1]);
    clock.advance(1);
    await settled();
    expect([a.take(), store.syncs]).toEqual([[], 2]);
    releaseSecond();
    await settled();
    expect(a.take()).toEqual(["4"]);
    expect(store.syncs).toBe(2);
  });

  test("of an update that is already durable is sent at the end of the turn, without a sync", async () => {
    const { store, a, commit, acknowledge, clock } = setUp();
    commit([a, "1"]);
    await settled();
    acknowledge(a, "again");
    expect(a.take()).toEqual(["1"]);
    clock.runTurns();
    expect([a.take(), store.syncs]).toEqual([["again"], 1]);
    clock.runTurns();
    expect(a.take()).toEqual([]);
  });

  test("of an update that may not be durable yet waits for the running sync", async () => {
    const { store, a, b, commit, acknowledge, clock } = setUp();
    const release = store.holdSync();
    commit([a, "1"]);
    acknowledge(b, "copy");
    clock.runTurns();
    await settled();
    expect(b.take()).toEqual([]);
    release();
    await settled();
    expect([a.take(), b.take()]).toEqual([["1"], ["copy"]]);
  });

  test("is not sent after a failed sync, but once, in order, after one that succeeds", async () => {
    const { store, durability, a, b, commit, clock } = setUp();
    store.failToSync();
    commit([a, "1"]);
    await settled();
    expect([a.take(), durability.isFailing]).toEqual([[], true]);
    commit([a, "2"], [b, "3"]);
    clock.advance(100);
    await settled();
    expect(store.syncs).toBe(2);
    store.recover();
    clock.advance(199);
    await settled();
    expect(a.take()).toEqual([]);
    clock.advance(1);
    await settled();
    expect([a.take(), b.take(), durability.isFailing]).toEqual([["1", "2"], ["3"], false]);
    clock.runTurns();
    clock.advance(60_000);
    await settled();
    expect([a.take(), store.syncs, clock.pendingTimers]).toEqual([[], 3, 0]);
  });

  test("is sent before a close ends, and a close does not wait for a failing disk", async () => {
    const { store, durability, a, commit, clock } = setUp();
    commit([a, "1"]);
    await durability.close();
    expect(a.take()).toEqual(["1"]);
    const failing = setUp();
    failing.store.failToSync();
    failing.commit([failing.a, "1"]);
    await failing.durability.close();
    expect(failing.a.take()).toEqual([]);
    expect([store.syncs, clock.pendingTimers, failing.clock.pendingTimers]).toEqual([1, 0, 0]);
  });

  test("of an update that was committed during a sync is also sent before a close ends", async () => {
    const { store, durability, a, commit, clock } = setUp();
    const release = store.holdSync();
    commit([a, "1"]);
    commit([a, "2"]);
    const closing = durability.close();
    release();
    await closing;
    expect(a.take()).toEqual(["1", "2"]);
    clock.advance(60_000);
    expect([store.syncs, clock.pendingTimers]).toEqual([2, 0]);
  });
});

test("an acknowledgement waits for no more than the window when the time of day is set", async () => {
  const { a, commit, clock } = setUp();
  commit([a, "1"]);
  await settled();
  for (const changeMs of [-3_600_000, 7_200_000]) {
    clock.set(changeMs);
    commit([a, "2"]);
    clock.advance(20);
    await settled();
  }
  expect(a.take()).toEqual(["1", "2", "2"]);
});

describe("with a window of 0 ms, an acknowledgement", () => {
  test("waits for nothing but the sync that runs and its own", async () => {
    const { store, a, commit, clock } = setUp("disk", 0);
    const release = store.holdSync();
    commit([a, "1"]);
    commit([a, "2"]);
    release();
    await settled();
    clock.advance(0);
    await settled();
    expect([a.take(), store.syncs]).toEqual([["1", "2"], 2]);
  });
});

describe("with process, an acknowledgement", () => {
  test("is sent with the commit, and syncs follow once per second: a power loss loses what came in between", async () => {
    const { store, a, commit, acknowledge, clock } = setUp("process");
    const release = store.holdSync();
    commit([a, "1"]);
    expect([a.take(), store.syncs]).toEqual([["1"], 1]);
    acknowledge(a, "again");
    clock.runTurns();
    expect(a.take()).toEqual(["again"]);
    release();
    await settled();
    clock.advance(500);
    commit([a, "2"]);
    clock.advance(499);
    expect([a.take(), store.syncs]).toEqual([["2"], 1]);
    clock.advance(1);
    expect(store.syncs).toBe(2);
    await settled();
    clock.advance(60_000);
    expect([store.syncs, clock.pendingTimers]).toEqual([2, 0]);
  });
});

describe("the time to an acknowledgement", () => {
  test("begins with the arrival of the first update that it covers, and is recorded once", async () => {
    const { store, a, clock, commitArrived, durations } = setUp();
    const release = store.holdSync();
    const now = performance.now();
    commitArrived(now - 3_000, [[a, "1"]]);
    clock.runTurns();
    // They wait for the next sync, and share it.
    commitArrived(now - 2_000, [[a, "2"]]);
    commitArrived(now - 1_000, [[a, "3"]]);
    release();
    await settled();
    clock.advance(20);
    await settled();
    expect(a.take()).toEqual(["1", "2", "3"]);
    const { count, sum } = await durations("update_to_acknowledgement");
    expect([count, Math.round(sum)]).toEqual([2, 5]);
    const sinceCommits = await durations("commit_to_acknowledgement");
    expect([sinceCommits.count, Math.round(sinceCommits.sum)]).toEqual([2, 0]);
  });
});
