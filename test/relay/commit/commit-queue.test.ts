import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { CommitQueue } from "../../../src/relay/commit/commit-queue.ts";
import { Durability, storeBackoff } from "../../../src/relay/commit/durability.ts";
import { type PendingUpdate, type RowId, StoreError } from "../../../src/storage/store.ts";
import { settled } from "../../support/eventually.ts";
import { FailingStore } from "../../support/fakes/failing-store.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { openMemoryStore } from "../../support/fakes/memory-store.ts";
import { recordedLog } from "../../support/fakes/recorded-log.ts";

function setUp(
  waitingUpdateBytes = defaultLimits.waitingUpdateBytes,
  store = new FailingStore(openMemoryStore()),
  patienceMs?: number,
) {
  const clock = new FakeClock();
  const limits = { ...defaultLimits, waitingUpdateBytes };
  const { log, events: logged } = recordedLog();
  const common = { store, clock, log, metrics: createMetrics() };
  const durability = new Durability({ ...common, durability: "disk", acknowledgementWindowMs: 20 });
  const queue = new CommitQueue({ ...common, durability, limits, patienceMs });
  const events: string[] = [];
  const enqueue = (name: string, bytes = 1, connection?: object) =>
    queue.enqueue({
      connection,
      document: name,
      update: new Uint8Array(bytes),
      bytes,
      updates: 1,
      seal: () => {},
      committed: () => events.push(`${name} committed`),
      owner: { discarded: () => events.push(`${name} discarded`) },
    });
  /** Ends the turn and lets the store answer. */
  const turn = async () => {
    clock.runTurns();
    await settled();
  };
  return { clock, store, queue, events, enqueue, turn, logged };
}

/** A store that answers appends synchronously. */
class SynchronousStore extends FailingStore {
  refusal: StoreError | undefined;
  #nextRow = 1;

  override append(batch: readonly PendingUpdate[]): readonly RowId[] {
    if (this.refusal !== undefined) throw this.refusal;
    this.appended.push(batch);
    return batch.map(() => this.#nextRow++);
  }
}

/** A store that wants 6 ms between its appends. */
class IntervalStore extends FailingStore {
  readonly appendIntervalMs = 6;
}

describe("the commit queue", () => {
  test("collects what comes within the interval of a store, and lets the first update after a pause go at once", async () => {
    const { clock, enqueue, events, queue, store, turn } = setUp(undefined, new IntervalStore(openMemoryStore()));
    clock.advance(1_000);
    enqueue("first");
    await turn();
    expect(events.splice(0)).toEqual(["first committed"]);
    enqueue("second");
    await turn();
    clock.advance(5);
    enqueue("third");
    await turn();
    expect(events).toEqual([]);
    clock.advance(1);
    await turn();
    expect(events.splice(0)).toEqual(["second committed", "third committed"]);
    expect(store.appended.map((batch) => batch.length)).toEqual([1, 2]);
    clock.advance(6);
    enqueue("fourth");
    await turn();
    expect(events.splice(0)).toEqual(["fourth committed"]);
    enqueue("last");
    const closing = queue.close();
    clock.advance(6);
    await turn();
    await closing;
    expect(events).toEqual(["last committed"]);
  });

  test("has a connection wait whose writes are many, until half of them are stored or all are discarded", async () => {
    const { clock, queue, enqueue, store, turn, events } = setUp(100);
    const [busy, other] = [{}, {}];
    const { waitingWritesPerConnection } = defaultLimits;
    for (let count = 0; count < waitingWritesPerConnection; count += 1) enqueue("a", 0, busy);
    expect([queue.isFullFor(busy), queue.isFullFor(other)]).toEqual([true, false]);
    queue.whenFreeFor(busy, () => events.push("free"));
    await turn();
    expect(events.indexOf("free")).toBe(waitingWritesPerConnection / 2);
    expect(queue.isFullFor(busy)).toBe(false);
    store.fail("corrupt");
    for (let count = 0; count < waitingWritesPerConnection; count += 1) enqueue("a", 0, busy);
    events.length = 0;
    queue.whenFreeFor(busy, () => events.push("free"));
    await turn();
    expect(new Set(events)).toEqual(new Set(["free", "a discarded"]));
    store.recover();
    clock.advance(storeBackoff.maxMs);
    await turn();
    expect([queue.isFailing, queue.isFullFor(busy)]).toEqual([false, false]);
  });

  test("begins no second transaction when a probe of the store is due while an update waits for its turn", async () => {
    const { clock, enqueue, store, turn, events } = setUp();
    store.fail("corrupt");
    enqueue("a");
    await turn();
    store.recover();
    clock.advance(storeBackoff.maxMs - 1);
    enqueue("b");
    const { append } = store;
    let appends = 0;
    store.append = (batch) => {
      appends += 1;
      return append.call(store, batch);
    };
    clock.advance(1);
    clock.runTurns();
    expect(appends).toBe(1);
    await settled();
    expect(events).toEqual(["a discarded", "b committed"]);
  });

  test("has no connection wait for a failing store", async () => {
    const { queue, enqueue, store, turn, events } = setUp();
    const busy = {};
    for (let count = 0; count < defaultLimits.waitingWritesPerConnection; count += 1) enqueue("a", 1, busy);
    queue.whenFreeFor(busy, () => events.push("free"));
    store.fail("unavailable");
    await turn();
    expect([queue.isFullFor(busy), events]).toEqual([false, ["free"]]);
    queue.whenFreeFor(busy, () => events.push("free at once"));
    expect(events).toEqual(["free", "free at once"]);
  });

  test("commits all updates of one turn in one transaction, in order", async () => {
    const { store, events, enqueue, turn } = setUp();
    enqueue("a");
    enqueue("b");
    enqueue("a");
    expect(events).toEqual([]);
    await turn();
    expect(events).toEqual(["a committed", "b committed", "a committed"]);
    expect(store.appended.map((batch) => batch.map(({ document }) => document))).toEqual([["a", "b", "a"]]);
  });

  test("publishes at the end of the turn, before anything else runs, if the store answers synchronously", async () => {
    const { clock, queue, events, enqueue } = setUp(undefined, new SynchronousStore(openMemoryStore()));
    enqueue("a");
    enqueue("b");
    void Promise.resolve().then(() => events.push("a microtask"));
    clock.endTurn();
    expect(events).toEqual(["a committed", "b committed"]);
    await queue.idle();
  });

  test("retries when a store throws synchronously, and publishes once", async () => {
    const store = new SynchronousStore(openMemoryStore());
    const { clock, queue, events, enqueue } = setUp(undefined, store);
    store.refusal = new StoreError("full", "no space");
    enqueue("a");
    clock.endTurn();
    expect([events, queue.isFailing]).toEqual([[], true]);
    store.refusal = undefined;
    clock.advance(100);
    expect([events, queue.isFailing]).toEqual([["a committed"], false]);
    expect(store.appended).toHaveLength(1);
  });

  test("commits the updates of many clients in several transactions, one per turn, in order", async () => {
    const { store, events, enqueue, turn } = setUp();
    for (let index = 0; index < 600; index += 1) enqueue(`${index}`);
    await turn();
    expect(events).toHaveLength(250);
    await turn();
    await turn();
    expect(store.appended.map(({ length }) => length)).toEqual([250, 250, 100]);
    expect(events).toEqual(Array.from({ length: 600 }, (_, index) => `${index} committed`));
  });

  test("commits up to a megabyte in one transaction, and more only if it is one update", async () => {
    const { store, events, enqueue, turn } = setUp();
    for (const bytes of [2 ** 20 - 1, 1, 1, 2 ** 21, 2 ** 20]) enqueue("a", bytes);
    for (let turns = 0; turns < 4; turns += 1) await turn();
    expect(store.appended.map(({ length }) => length)).toEqual([2, 1, 1, 1]);
    expect(events).toHaveLength(5);
  });

  test("updates of many clients that wait for a failing store are all retried, and all discarded", async () => {
    const { clock, store, events, enqueue, turn } = setUp(601);
    store.fail("unavailable");
    for (let index = 0; index < 600; index += 1) enqueue("a");
    await turn();
    store.recover();
    clock.advance(100);
    for (let turns = 0; turns < 3; turns += 1) await turn();
    expect(events).toHaveLength(600);
    store.fail("unavailable");
    for (let index = 0; index < 602; index += 1) enqueue("b");
    await turn();
    expect(events.slice(600)).toEqual(Array(602).fill("b discarded"));
  });

  test("calls no callback before the store has answered", async () => {
    const { store, events, enqueue, turn, clock } = setUp();
    const release = store.hold();
    enqueue("a");
    await turn();
    enqueue("b");
    expect(events).toEqual([]);
    release();
    await settled();
    expect(events).toEqual(["a committed"]);
    clock.runTurns();
    await settled();
    expect(events).toEqual(["a committed", "b committed"]);
  });

  test("a store that fails once loses nothing: the commit is retried, in order, with the updates that came meanwhile", async () => {
    const { clock, store, queue, events, enqueue, turn } = setUp();
    store.fail("unavailable");
    enqueue("a");
    await turn();
    expect(queue.isFailing).toBe(true);
    enqueue("b");
    await turn();
    expect(events).toEqual([]);
    store.recover();
    clock.advance(100);
    await settled();
    expect(events).toEqual(["a committed", "b committed"]);
    expect(queue.isFailing).toBe(false);
  });

  test("waits longer after each failure, at most 5 s", async () => {
    const { clock, store, enqueue, turn } = setUp();
    store.fail("full");
    enqueue("a");
    await turn();
    const waits: number[] = [];
    for (let attempt = store.attempts; attempt < 9; attempt = store.attempts) {
      let waitedMs = 0;
      while (store.attempts === attempt) {
        clock.advance(100);
        waitedMs += 100;
        await settled();
      }
      waits.push(waitedMs);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1000, 1000, 1000, 1000]);
  });

  test("discards all waiting updates when too many bytes wait for a failing store, and goes on afterwards", async () => {
    const { store, queue, events, enqueue, turn } = setUp(100);
    store.fail("full");
    enqueue("a", 60);
    await turn();
    enqueue("b", 60);
    expect(events).toEqual(["a discarded", "b discarded"]);
    expect(queue.isFailing).toBe(true);
    await queue.idle();
    store.recover();
    enqueue("c");
    await turn();
    expect(events.slice(2)).toEqual(["c committed"]);
    expect(queue.isFailing).toBe(false);
  });

  test("discards all waiting updates, and those that follow, when its patience with a failing store ends", async () => {
    const { clock, store, queue, events, enqueue, turn } = setUp(undefined, undefined, 30_000);
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(100);
        await turn();
      }
    };
    store.fail("unavailable");
    enqueue("a");
    await turn();
    await pass(29_000);
    expect(events).toEqual([]);
    await pass(6_000);
    expect(events).toEqual(["a discarded"]);
    enqueue("b");
    await turn();
    expect(events.slice(1)).toEqual(["b discarded"]);
    store.recover();
    await pass(5_000);
    expect(queue.isFailing).toBe(false);
    store.fail("unavailable");
    enqueue("c");
    await turn();
    await pass(20_000);
    store.recover();
    await pass(5_000);
    expect(events.slice(2)).toEqual(["c committed"]);
  });

  test("notices by itself, after giving up, that the store works again", async () => {
    const { clock, store, queue, enqueue, turn } = setUp();
    store.fail("corrupt");
    enqueue("a");
    await turn();
    clock.advance(5_000);
    await settled();
    expect(queue.isFailing).toBe(true);
    store.recover();
    clock.advance(5_000);
    await settled();
    expect(queue.isFailing).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  test("logs once that it discards updates, however often clients send them again, and counts them at the end", async () => {
    const { clock, store, enqueue, turn, logged } = setUp(2);
    for (let outage = 0; outage < 2; outage += 1) {
      store.fail("full");
      for (let attempt = 0; attempt < 20; attempt += 1) {
        enqueue("a", 3);
        await turn();
      }
      store.recover();
      clock.advance(5_000);
      await settled();
    }
    const outage = [["store-failed"], ["updates-discarded", 1], ["store-recovered", 20]];
    const figures = logged.map(({ event, updates, discardedUpdates = updates }) =>
      discardedUpdates === undefined ? [event] : [event, discardedUpdates],
    );
    expect(figures).toEqual([...outage, ...outage]);
  });

  test("tells the owner of several discarded updates once", async () => {
    const { store, queue, events, enqueue, turn } = setUp();
    const owner = { discarded: () => events.push("owner discarded") };
    const write = {
      document: "a",
      update: new Uint8Array(1),
      bytes: 1,
      updates: 1,
      owner,
      seal: () => {},
      committed: () => {},
    };
    store.fail("corrupt");
    queue.enqueue(write);
    enqueue("b");
    queue.enqueue({ ...write });
    await turn();
    expect(events).toEqual(["owner discarded", "b discarded"]);
  });

  test("discards nothing while the store works, even if one turn exceeds the limit of waiting bytes", async () => {
    const { events, enqueue, turn } = setUp(100);
    enqueue("a", 80);
    enqueue("b", 80);
    await turn();
    expect(events).toEqual(["a committed", "b committed"]);
  });

  test("discards immediately when the store is corrupt", async () => {
    const { store, events, enqueue, turn } = setUp();
    store.fail("corrupt");
    enqueue("a");
    await turn();
    expect(events).toEqual(["a discarded"]);
  });

  test("close resolves when all updates are committed", async () => {
    const { clock, queue, events, enqueue } = setUp();
    enqueue("a");
    const closing = queue.close().then(() => events.push("closed"));
    await settled();
    expect(events).toEqual([]);
    clock.runTurns();
    await closing;
    expect(events).toEqual(["a committed", "closed"]);
  });

  test("close tries a failing store once more and then gives up", async () => {
    const { store, queue, events, enqueue, turn } = setUp();
    store.fail("full");
    enqueue("a");
    await turn();
    const { attempts } = store;
    await queue.close();
    expect(events).toEqual(["a discarded"]);
    expect(store.attempts).toBe(attempts + 1);
  });

  test("a callback that throws keeps no other from being called", async () => {
    const { queue, events, enqueue, turn } = setUp();
    queue.enqueue({
      document: "bad",
      update: new Uint8Array(1),
      bytes: 1,
      updates: 1,
      seal: () => {},
      committed: () => {
        throw new Error("a fault of ours");
      },
      owner: { discarded: () => {} },
    });
    enqueue("a");
    await turn();
    await queue.idle();
    expect(events).toEqual(["a committed"]);
  });
});
