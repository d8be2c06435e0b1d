import { expect, test } from "bun:test";
import { historyInput } from "../../../src/relay/history/history-input.ts";
import { packOrigins, unpackOrigins } from "../../../src/relay/history/packed-origins.ts";
import type { HistoryProgress } from "../../../src/storage/history/history-store.ts";

const origin = (row: number, user?: string) => ({ row, at: row * 10, user });

const progress: HistoryProgress = {
  ...{
    reachesBase: false,
    baseEnd: undefined,
    snapshotBytes: 0,
    bytesSinceSnapshot: 0,
    last: undefined,
    lastVersion: undefined,
  },
  ...{ users: [], versions: [], tail: [origin(3, "ann"), origin(5), origin(8, "ben")] },
};

const rowsOf = (rows: readonly number[], tailCount: number) =>
  historyInput(progress, { rows, tailCount, now: 0, isFinal: false })?.origins.map(({ row }) => row);

test.each<[string, readonly number[], number, number[] | undefined]>([
  ["of the tail, and not of the base", [9, 3, 5, 8], 3, [3, 5, 8]],
  ["without a base", [3, 5, 8], 3, [3, 5, 8]],
  ["of the first updates alone", [3, 5], 2, [3, 5]],
  ["in the order of the updates, also where one has come late", [5, 3, 8, 5], 4, [5, 3, 8, 5]],
  ["not if one is missing", [3, 4, 5], 3, undefined],
  ["not if the last one is missing", [3, 9], 2, undefined],
])("the origins are %s", (_, rows, tailCount, expected) => {
  expect(rowsOf(rows, tailCount)).toEqual(expected);
});

test("there is no input without a document", () => {
  expect(historyInput(undefined, { rows: [1], tailCount: 1, now: 0, isFinal: false })).toBeUndefined();
});

test("origins are the same after another thread has taken them over", () => {
  const origins = [
    { row: 2 ** 50, at: 1_700_000_000_123, user: "ann" },
    { row: 2 ** 50 + 1, at: undefined, user: undefined },
    { row: 2 ** 50 + 2, at: 0, user: "" },
    { row: 2 ** 50 + 3, at: 5, user: "ann" },
  ];
  expect(unpackOrigins(packOrigins(origins))).toEqual(origins);
  expect(packOrigins(origins).users).toEqual(["ann", ""]);
  expect(unpackOrigins(packOrigins([]))).toEqual([]);
});
