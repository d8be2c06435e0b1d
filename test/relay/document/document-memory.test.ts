import { describe, expect, test } from "bun:test";
import { createMetrics } from "../../../src/ops/metrics.ts";
import { DocumentMemory, type MemoryHolder } from "../../../src/relay/document/document-memory.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

function setUp(limitBytes: number) {
  const clock = new FakeClock();
  const memory = new DocumentMemory({ limitBytes, dropped: () => {}, clock, metrics: createMetrics() });
  const unloaded: string[] = [];
  const holder = (name: string, isNeeded = () => false): MemoryHolder => ({
    unload: () => {
      if (isNeeded()) return false;
      unloaded.push(name);
      return true;
    },
  });
  return { clock, memory, unloaded, holder };
}

describe("the memory of documents", () => {
  test("makes room by unloading the least recently used documents, and no more than necessary", () => {
    const { memory, unloaded, holder } = setUp(100);
    const [a, b, c] = [holder("a"), holder("b"), holder("c")];
    memory.used(a, 40);
    memory.used(b, 40);
    memory.used(a, 40);
    expect(unloaded).toEqual([]);
    memory.used(c, 40);
    expect(unloaded).toEqual(["b"]);
    expect(memory.bytes).toBe(80);
  });

  test("counts a document that grows", () => {
    const { memory, unloaded, holder } = setUp(100);
    const [a, b] = [holder("a"), holder("b")];
    memory.used(a, 10);
    for (let bytes = 10; bytes <= 90; bytes += 10) memory.used(b, bytes);
    expect([unloaded, memory.bytes]).toEqual([[], 100]);
    memory.used(b, 91);
    expect([unloaded, memory.bytes]).toEqual([["a"], 91]);
  });

  test("keeps a document that is in use, and the most recently used one even if it is too large", () => {
    const { memory, unloaded, holder } = setUp(100);
    const [needed, other] = [holder("needed", () => true), holder("other")];
    memory.used(needed, 60);
    memory.used(other, 30);
    memory.used(holder("large"), 300);
    expect([unloaded, memory.bytes]).toEqual([["other"], 360]);
  });

  test("unloads a small document that was not used for a second, even within the limit", () => {
    const { clock, memory, unloaded, holder } = setUp(100);
    const [quiet, busy] = [holder("quiet"), holder("busy")];
    memory.used(quiet, 1);
    for (let count = 0; count < 4; count += 1) {
      memory.used(busy, 1);
      clock.advance(400);
    }
    expect([unloaded, memory.bytes]).toEqual([["quiet"], 1]);
  });

  test("keeps a large document for ten seconds, and unloads the small ones that were used after it", () => {
    const { clock, memory, unloaded, holder } = setUp(1_000_000);
    memory.used(holder("large"), 100_000);
    memory.used(holder("small"), 1);
    clock.advance(9_900);
    expect(unloaded).toEqual(["small"]);
    clock.advance(500);
    expect(unloaded).toEqual(["small", "large"]);
  });

  test("keeps no timer when it is empty, and forgets closed documents", () => {
    const { clock, memory, unloaded, holder } = setUp(100);
    const a = holder("a");
    memory.used(a, 90);
    memory.forget(a);
    expect([memory.bytes, clock.pendingTimers]).toEqual([0, 0]);
    memory.used(holder("b"), 90);
    clock.advance(20_000);
    expect([unloaded, memory.bytes, clock.pendingTimers]).toEqual([["b"], 0, 0]);
  });
});
