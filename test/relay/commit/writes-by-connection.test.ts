import { expect, test } from "bun:test";
import { WritesByConnection } from "../../../src/relay/commit/writes-by-connection.ts";

function setUp(limit: number) {
  const writes = new WritesByConnection(limit);
  const [busy, other] = [{}, {}];
  for (let count = 0; count < limit; count += 1) writes.add(busy);
  const told: string[] = [];
  return { writes, busy, other, told, tell: (name: string) => () => told.push(name) };
}

test("a connection with as many writes as the limit is full until half of them are stored", () => {
  const { writes, busy, other, told, tell } = setUp(4);
  expect([writes.isFull(busy), writes.isFull(other)]).toEqual([true, false]);
  writes.whenFree(busy, tell("busy"));
  writes.whenFree(busy, tell("again"));
  writes.whenFree(other, tell("other"));
  expect(told).toEqual(["other"]);
  writes.remove(busy);
  expect([writes.isFull(busy), told]).toEqual([false, ["other"]]);
  writes.remove(busy);
  expect(told).toEqual(["other", "busy", "again"]);
  writes.remove(busy);
  writes.remove(busy);
  expect(told).toHaveLength(3);
});

test("with a limit of one, a connection is full until its write is stored", () => {
  const { writes, busy, told, tell } = setUp(1);
  writes.whenFree(busy, tell("busy"));
  expect(told).toEqual([]);
  writes.remove(busy);
  expect([writes.isFull(busy), told]).toEqual([false, ["busy"]]);
});

test("a connection is told before its writes are stored, if it is to wait no longer", () => {
  const { writes, busy, told, tell } = setUp(4);
  writes.whenFree(busy, tell("busy"));
  writes.release();
  expect([writes.isFull(busy), told]).toEqual([true, ["busy"]]);
});

test("no connection is full when all writes are discarded", () => {
  const { writes, busy, told, tell } = setUp(4);
  writes.whenFree(busy, tell("busy"));
  writes.clear();
  expect([writes.isFull(busy), told]).toEqual([false, ["busy"]]);
});
