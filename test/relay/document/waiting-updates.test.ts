import { expect, test } from "bun:test";
import { WaitingUpdates, type WaitingWrite } from "../../../src/relay/document/waiting-updates.ts";
import { contentsOf } from "../../../src/relay/update/update-contents.ts";
import { bringing, deleting } from "../../support/bytes/update-bytes.ts";
import { settled } from "../../support/eventually.ts";

const small = contentsOf(bringing(1, 0, 5));

function setUp() {
  const waiting = new WaitingUpdates<WaitingWrite>();
  const [one, two] = [{ bytes: 1 }, { bytes: 20 }];
  waiting.include(small);
  waiting.add(one);
  waiting.include(contentsOf(deleting(1, 1, 2)));
  waiting.add(two);
  const seen: string[] = [];
  void waiting.settled().then(() => seen.push("settled"));
  return { waiting, one, two, seen };
}

test("updates wait, and their clocks are known, until they are stored", async () => {
  const { waiting, one, two, seen } = setUp();
  expect([waiting.bytes, waiting.last]).toEqual([21, two]);
  waiting.stored(one, small);
  await settled();
  expect([waiting.bytes, waiting.last, seen]).toEqual([20, two, []]);
  expect([waiting.structs[0].reach(1, 0), waiting.deletes[0].reach(1, 1)]).toEqual([5, 2]);
  waiting.stored(two, small);
  await settled();
  expect([waiting.bytes, waiting.last, seen]).toEqual([0, undefined, ["settled"]]);
  expect([waiting.structs[0].isEmpty, waiting.deletes[0].isEmpty]).toEqual([true, true]);
  await waiting.settled();
});

test("a write that has grown counts with all of its bytes", () => {
  const { waiting, one } = setUp();
  const last = { bytes: 20 };
  waiting.add(last);
  last.bytes += 300;
  waiting.grew(300);
  expect(waiting.bytes).toBe(341);
  waiting.stored(one, small);
  expect(waiting.bytes).toBe(340);
});

test("discarded updates wait no longer, and are returned without those that are stored", async () => {
  const { waiting, one, two, seen } = setUp();
  waiting.stored(one, small);
  expect(waiting.discard()).toEqual([two]);
  await settled();
  expect([waiting.bytes, waiting.last, seen]).toEqual([0, undefined, ["settled"]]);
  expect([waiting.structs[0].isEmpty, waiting.deletes[0].isEmpty]).toEqual([true, true]);
});

test("updates are stored in their order only", () => {
  const { waiting, two } = setUp();
  expect(() => waiting.stored(two, small)).toThrow("not in order");
});

test("of updates that never stop waiting, the stored ones are forgotten", () => {
  const waiting = new WaitingUpdates<WaitingWrite>();
  const writes = Array.from({ length: 5_000 }, (_, bytes) => ({ bytes }));
  for (const [index, write] of writes.entries()) {
    waiting.add(write);
    const before = writes[index - 10];
    if (before !== undefined) waiting.stored(before, small);
  }
  expect(waiting.discard()).toEqual(writes.slice(-10));
});
