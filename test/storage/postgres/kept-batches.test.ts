import { expect, test } from "bun:test";
import { packBatch, withoutCaller } from "../../../src/storage/postgres/documents/packed-batch.ts";
import { KeptBatches } from "../../../src/storage/postgres/kept-batches.ts";
import { FakeClock } from "../../support/fakes/fake-clock.ts";

const batchOf = (bytes: number) => packBatch([{ document: "d", update: new Uint8Array(bytes) }], 0);

function setUp() {
  const clock = new FakeClock();
  return { clock, kept: new KeptBatches(clock) };
}

test("the batches that a database lacks are those behind its heads, in their order, and are given once", () => {
  const { kept } = setUp();
  const batches = [1, 2, 3, 4].map(batchOf);
  for (const [index, batch] of batches.entries()) {
    const place = index < 2 ? { writer: 7, number: index + 1 } : { writer: 8, number: index - 1 };
    kept.add(place, batch);
  }
  expect([...kept.heads]).toEqual([
    [7, 2],
    [8, 2],
  ]);
  expect(kept.takeLost(new Map([[7, 1]]))).toEqual(batches.slice(1).map(withoutCaller));
  expect([...kept.heads]).toEqual([[7, 1]]);
  expect(kept.takeLost(new Map([[7, 1]]))).toEqual([]);
});

test("a batch is kept for a minute", () => {
  const { clock, kept } = setUp();
  kept.add({ writer: 1, number: 1 }, batchOf(1));
  clock.advance(30_000);
  const later = batchOf(1);
  kept.add({ writer: 1, number: 2 }, later);
  clock.advance(30_001);
  expect(kept.takeLost(new Map())).toEqual([withoutCaller(later)]);
  kept.add({ writer: 1, number: 3 }, batchOf(1));
  clock.advance(60_001);
  expect([...kept.heads]).toEqual([]);
});

test("the oldest of more than 64 MiB are not kept", () => {
  const { kept } = setUp();
  const batch = batchOf(1024 * 1024);
  for (let number = 1; number <= 70; number += 1) kept.add({ writer: 1, number }, batch);
  expect(kept.takeLost(new Map())).toHaveLength(63);
});

test("the updates are kept as bytes, without the objects of those who have sent them", () => {
  const { kept } = setUp();
  const batch = batchOf(3);
  kept.add({ writer: 1, number: 1 }, batch);
  expect(kept.takeLost(new Map())).toEqual([{ ...batch, updates: [] }]);
});

test("very many small batches are forgotten one by one", () => {
  const { clock, kept } = setUp();
  for (let number = 1; number <= 5_000; number += 1) {
    clock.advance(100);
    kept.add({ writer: 1, number }, batchOf(1));
  }
  expect(kept.takeLost(new Map())).toHaveLength(601);
});
