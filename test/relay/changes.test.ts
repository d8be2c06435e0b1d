import { expect, test } from "bun:test";
import { Changes, type CommittedChange } from "../../src/relay/changes.ts";

const change = (document: string, row: number): CommittedChange => ({
  document,
  row,
  update: Uint8Array.of(row),
  user: undefined,
});

test("watchers are told of the changes of all documents, or of one, until they stop", () => {
  const changes = new Changes();
  const [all, one]: [number[], number[]] = [[], []];
  expect(changes.isWatched).toBe(false);
  const stopAll = changes.watchAll(({ row }) => all.push(row));
  const stopOne = changes.watch("a", ({ row }) => one.push(row));
  expect(changes.isWatched).toBe(true);
  changes.committed(change("a", 1));
  changes.committed(change("b", 2));
  stopAll();
  changes.committed(change("a", 3));
  stopOne();
  stopOne();
  changes.committed(change("a", 4));
  expect([all, one]).toEqual([
    [1, 2],
    [1, 3],
  ]);
  expect(changes.isWatched).toBe(false);
});

test("a watcher can stop another one, or itself, while they are told", () => {
  const changes = new Changes();
  const told: string[] = [];
  const stop = changes.watch("a", () => {
    told.push("first");
    stop();
    stopSecond();
  });
  const stopSecond = changes.watch("a", () => told.push("second"));
  changes.committed(change("a", 1));
  changes.committed(change("a", 2));
  // Both were watching when the change was committed.
  expect(told).toEqual(["first", "second"]);
  expect(changes.isWatched).toBe(false);
});
