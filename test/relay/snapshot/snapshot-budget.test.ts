import { describe, expect, test } from "bun:test";
import { defaultLimits } from "../../../src/composition/limits.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { type Release, SnapshotBudget } from "../../../src/relay/snapshot/snapshot-budget.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp() {
  const clock = new FakeClock();
  const limits = { ...defaultLimits, snapshotsBytes: 100, snapshotBurstBytes: 30 };
  const budget = new SnapshotBudget({ limits, clock, metrics: createMetrics() });
  const started = new Map<string, Release>();
  const admit = (name: string, bytes: number, source: object = {}) =>
    budget.admit({ source, sourceBytes: bytes, ownBytes: 0 }, (release) => started.set(name, release));
  const release = (name: string) => started.get(name)?.();
  return { clock, budget, admit, release, names: () => [...started.keys()] };
}

describe("the snapshot budget", () => {
  test("admits what fits immediately, and the rest in order as bytes are released", () => {
    const { admit, release, names } = setUp();
    admit("a", 15);
    admit("b", 15);
    admit("c", 10);
    admit("d", 1);
    expect(names()).toEqual(["a", "b"]);
    release("a");
    expect(names()).toEqual(["a", "b", "c", "d"]);
  });

  test("admits a snapshot larger than the whole budget, alone", () => {
    const { admit, release, names } = setUp();
    admit("a", 10);
    admit("huge", 1_000);
    admit("b", 1);
    expect(names()).toEqual(["a"]);
    release("a");
    expect(names()).toEqual(["a", "huge"]);
    release("huge");
    expect(names()).toEqual(["a", "huge", "b"]);
  });

  test("does not let snapshots on slow links hold up others until the whole budget is in use", () => {
    const { clock, admit, names } = setUp();
    for (const name of ["slow 1", "slow 2", "slow 3", "slow 4"]) {
      admit(name, 30);
      clock.advance(500);
    }
    expect(names()).toEqual(["slow 1", "slow 2", "slow 3"]);
  });

  test("releases bytes once, whether the snapshot is fresh or slow", () => {
    const { clock, admit, release, names } = setUp();
    admit("a", 30);
    release("a");
    release("a");
    admit("b", 30);
    clock.advance(500);
    release("b");
    release("b");
    admit("c", 30);
    admit("d", 1);
    expect(names()).toEqual(["a", "b", "c"]);
    release("c");
    release("d");
    expect(clock.pendingTimers).toBe(0);
  });

  test("counts the bytes that snapshots share once, until the last of them is released", () => {
    const { clock, admit, release, names } = setUp();
    const document = {};
    for (const name of ["a", "b", "c"]) admit(name, 30, document);
    clock.advance(500);
    admit("other", 71);
    expect(names()).toEqual(["a", "b", "c"]);
    release("a");
    release("b");
    expect(names()).toEqual(["a", "b", "c"]);
    release("c");
    expect(names()).toEqual(["a", "b", "c", "other"]);
  });

  test("counts each client's pieces, and what cannot wait", () => {
    const { budget, clock, admit, names } = setUp();
    const document = {};
    const releases = Array.from({ length: 8 }, () => budget.hold({ source: document, sourceBytes: 20, ownBytes: 10 }));
    clock.advance(500);
    admit("waits", 1);
    expect(names()).toEqual([]);
    releases[0]?.();
    releases[0]?.();
    expect(names()).toEqual(["waits"]);
  });
});
