import { expect, spyOn, test } from "bun:test";
import * as Y from "yjs";
import { MergedTail, tailPartBytes } from "../../../src/relay/document/merged-tail.ts";
import { UpdateLog } from "../../../src/relay/document/update-log.ts";
import { updatesOf } from "../../support/clients/raw-client.ts";

function setUp() {
  const log = new UpdateLog();
  const tail = new MergedTail(log);
  let row = 0;
  const append = (update: Uint8Array) => {
    row += 1;
    log.append(update, row);
    tail.appended();
  };
  return { log, tail, append };
}

const keystrokes = (count: number, doc = new Y.Doc()) =>
  updatesOf((each) => {
    for (let left = count; left > 0; left -= 1) each.getText("t").insert(left % (each.getText("t").length + 1), "x");
  }, doc);

function lengthOf(parts: readonly Uint8Array[]): number {
  const doc = new Y.Doc();
  for (const part of parts) Y.applyUpdate(doc, part);
  return doc.getText("t").length;
}

test("a short log is one update, merged anew after each append", () => {
  const { tail, append } = setUp();
  expect(tail.parts()).toEqual([]);
  const doc = new Y.Doc();
  for (const update of keystrokes(3, doc)) append(update);
  const [first] = tail.parts();
  expect(tail.parts()).toHaveLength(1);
  expect(tail.parts()[0]).toBe(first ?? new Uint8Array());
  for (const update of keystrokes(2, doc)) append(update);
  expect(tail.parts()).toHaveLength(1);
  expect(lengthOf(tail.parts())).toBe(5);
});

test("a long log is merged in steps of bounded size, and a part only once", () => {
  const { log, tail, append } = setUp();
  const doc = new Y.Doc();
  for (const update of keystrokes(6_000, doc)) append(update);
  let steps = 0;
  for (; !tail.isPrepared; steps += 1) tail.prepareStep();
  expect(steps).toBe(Math.floor(log.byteLength / tailPartBytes));
  const before = tail.parts();
  expect(before).toHaveLength(steps + 1);
  for (const update of keystrokes(1, doc)) append(update);
  const after = tail.parts();
  for (const [index, part] of before.slice(0, -1).entries()) expect(after[index]).toBe(part);
  expect(lengthOf(after)).toBe(6_001);
});

test("a large update is no copy, also when the log has grown", () => {
  const { log, tail, append } = setUp();
  const doc = new Y.Doc();
  const large = updatesOf((each) => each.getText("t").insert(0, "y".repeat(100_000)), doc);
  for (const update of large) append(update);
  expect(tail.isPrepared).toBe(true);
  expect(lengthOf(tail.parts())).toBe(100_000);
  expect(tail.byteLength).toBe(0);
  for (const update of keystrokes(3_000, doc)) append(update);
  tail.parts();
  for (const update of keystrokes(3_000, doc)) append(update);
  const parts = tail.parts();
  expect(parts[0]?.buffer).toBe(log.view(0, 1).buffer);
  expect(lengthOf(parts)).toBe(106_000);
});

test("an append looks at no part, unless the log has moved", () => {
  const { log, tail, append } = setUp();
  const doc = new Y.Doc();
  for (const update of keystrokes(6_000, doc)) append(update);
  tail.parts();
  const map = spyOn(Array.prototype, "map");
  const movesBefore = log.moves;
  const updates = keystrokes(100, doc);
  map.mockClear();
  for (const update of updates) append(update);
  const calls = map.mock.calls.length;
  map.mockRestore();
  expect(calls).toBe(log.moves - movesBefore);
});

test("is built again when the first updates are dropped", () => {
  const { log, tail, append } = setUp();
  const doc = new Y.Doc();
  const [first = new Uint8Array(), ...others] = keystrokes(6_000, doc);
  for (const update of [first, ...others]) append(update);
  tail.parts();
  log.dropFirst(1);
  tail.clear();
  expect(lengthOf([first, ...tail.parts()])).toBe(6_000);
});
