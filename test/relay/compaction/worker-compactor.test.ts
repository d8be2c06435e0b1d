import { afterEach, describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { systemClock } from "../../../src/lib/time/clock.ts";
import type { CompactedUpdates, CompactionInput } from "../../../src/relay/compaction/compactor.ts";
import { startWorkerCompactor, WorkerCompactor } from "../../../src/relay/compaction/worker-compactor.ts";
import { packUpdates } from "../../../src/relay/update/packed-updates.ts";
import { describeCompactor } from "../../contract/compactor.ts";
import { settled } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";
import { Child } from "../../support/processes/child.ts";

const startReal = () => new Worker(new URL("../../../src/relay/compaction/compaction-worker.ts", import.meta.url));
const startDying = () => new Worker(new URL("../../support/processes/dying-worker.ts", import.meta.url));
const startMissing = () => new Worker(new URL("../../support/processes/no-such-worker.ts", import.meta.url));
const startNone = () => {
  throw new Error("There are no more threads.");
};

/** A worker that answers only when the test says so. The compactor uses no other members of it. */
function asWorker(events: EventTarget): Worker {
  return Object.assign(events, { postMessage() {}, terminate() {}, unref() {} }) as unknown as Worker;
}

const opened: WorkerCompactor[] = [];
afterEach(() => Promise.all(opened.splice(0).map((compactor) => compactor.close())));

/** A compactor whose first workers are those of `starts`, and whose later ones are real; `started` counts them. */
function open(starts: (() => Worker)[] = [], clock = systemClock) {
  const workers = { started: 0 };
  const startWorker = () => {
    workers.started += 1;
    return (starts.shift() ?? startReal)();
  };
  const compactor = new WorkerCompactor({ startWorker, clock, timeLimitMs: 30_000 });
  opened.push(compactor);
  return { compactor, workers };
}

const inputOf = (updates: readonly Uint8Array[]): CompactionInput => ({ ...packUpdates(updates), keepsDeleted: false });

/** One update per letter, and a last one that deletes all but `kept`. */
function typed(kept: string): () => CompactionInput {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array) => updates.push(update));
  const text = doc.getText("text");
  for (const letter of `${kept}${"x".repeat(1_000)}`) text.insert(text.length, letter);
  text.delete(kept.length, 1_000);
  return () => inputOf(updates);
}

function textOf({ base }: CompactedUpdates): string {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, base);
  return doc.getText("text").toString();
}

const malformed = Uint8Array.of(1, 2, 3);

describe("a compaction", () => {
  test("returns the same content as the updates, without what was deleted", async () => {
    const compacted = await open().compactor.compact(typed("kept"));
    expect(textOf(compacted)).toBe("kept");
    expect(compacted.base.byteLength).toBeLessThan(100);
  });

  test("takes its updates when the compactions before it are done", async () => {
    const { compactor } = open();
    const taken: string[] = [];
    const compactions = ["one", "two", "three"].map((word) =>
      compactor.compact(() => {
        taken.push(word);
        return typed(word)();
      }),
    );
    expect(taken).toEqual(["one"]);
    await compactions[0];
    expect(taken).toEqual(["one", "two"]);
    await Promise.all(compactions);
    expect(taken).toEqual(["one", "two", "three"]);
  });

  test("reads its updates when the compactions before it are done, and is rejected when the compactor closes meanwhile", async () => {
    const { compactor } = open();
    const reads: PromiseWithResolvers<void>[] = [];
    const [first, second, third] = ["one", "two", "three"].map((word) =>
      compactor.compact(async () => {
        const read = Promise.withResolvers<void>();
        reads.push(read);
        await read.promise;
        return typed(word)();
      }),
    );
    expect(reads).toHaveLength(1);
    reads[0]?.resolve();
    await first;
    expect(reads).toHaveLength(2);
    const ended = Promise.allSettled([second, third]);
    await compactor.close();
    reads[1]?.resolve();
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(reads).toHaveLength(2);
  });

  test("may overlap with others: each gets its own result, from one worker that starts with the first", async () => {
    const { compactor, workers } = open();
    expect(workers.started).toBe(0);
    const words = ["one", "two", "three", "four"];
    const bases = await Promise.all(words.map((word) => compactor.compact(typed(word))));
    expect(bases.map(textOf)).toEqual(words);
    expect(workers.started).toBe(1);
  });

  test("of too many malformed updates rejects, and the worker goes on", async () => {
    const { compactor, workers } = open();
    const [bad, good] = await Promise.allSettled([
      compactor.compact(() => inputOf(Array(20).fill(malformed))),
      compactor.compact(typed("kept")),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: expect.any(Error) });
    expect(good).toMatchObject({ status: "fulfilled" });
    expect(workers.started).toBe(1);
  });

  test.each([
    ["dies", startDying, "exit code 1"],
    ["has no file", startMissing, "no-such-worker"],
    ["cannot be started", startNone, "could not be started"],
  ])("rejects when its worker %s, and waiting compactions get a new one", async (_, start, reason) => {
    const { compactor, workers } = open([start]);
    const [failed, next] = await Promise.allSettled([compactor.compact(typed("one")), compactor.compact(typed("two"))]);
    expect(failed).toMatchObject({ reason: { message: expect.stringContaining(reason) } });
    expect(next).toMatchObject({ status: "fulfilled" });
    expect(textOf(await compactor.compact(typed("three")))).toBe("three");
    expect(workers.started).toBe(2);
  });

  test("that takes too long rejects, and waiting ones get a new worker and the full time limit", async () => {
    const clock = new FakeClock();
    const { compactor, workers } = open([], clock);
    const compactions = Promise.allSettled(["slow", "waiting"].map((word) => compactor.compact(typed(word))));
    clock.advance(29_999);
    expect(workers.started).toBe(1);
    clock.advance(1);
    await settled();
    expect(workers.started).toBe(2);
    clock.advance(29_999);
    const [slow, waiting] = await compactions;
    expect(slow).toMatchObject({ reason: { message: expect.stringContaining("timed out after 30000 ms") } });
    expect(waiting).toMatchObject({ status: "fulfilled" });
    clock.advance(5_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("after 5 s of idleness gets a new worker: the old one was stopped, to free its memory", async () => {
    const clock = new FakeClock();
    const { compactor, workers } = open([], clock);
    await compactor.compact(typed("one"));
    clock.advance(4_999);
    expect(textOf(await compactor.compact(typed("two")))).toBe("two");
    clock.advance(4_999);
    expect(workers.started).toBe(1);
    clock.advance(1);
    expect(textOf(await compactor.compact(typed("three")))).toBe("three");
    expect(workers.started).toBe(2);
  });

  test("that timed out may still answer, and the answer is not taken for that of another", async () => {
    const clock = new FakeClock();
    const late = new EventTarget();
    const { compactor } = open([() => asWorker(late)], clock);
    const givenUp = compactor.compact(typed("given up"));
    const next = compactor.compact(typed("next"));
    clock.advance(30_000);
    late.dispatchEvent(new MessageEvent("message", { data: { base: Uint8Array.of(0, 0) } }));
    late.dispatchEvent(new CloseEvent("close", { code: 0 }));
    await Promise.allSettled([givenUp]);
    expect(textOf(await next)).toBe("next");
  });
});

describe("a compactor", () => {
  test("that is closed rejects running, waiting and later compactions", async () => {
    const { compactor, workers } = open();
    const before = [compactor.compact(typed("runs")), compactor.compact(typed("waits"))];
    const closing = [compactor.close(), compactor.close()];
    const results = await Promise.allSettled([...before, compactor.compact(typed("late"))]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    await Promise.all(closing);
    expect(workers.started).toBe(1);
  });

  test("that is idle lets its process end, and one that compacts does not", async () => {
    await using child = new Child("compact-and-end.ts", []);
    expect(await child.rest()).toEqual(["all of it"]);
    expect(await child.exitCode()).toBe(0);
  }, 30_000);
});

describeCompactor("a compactor in a worker", startWorkerCompactor);
