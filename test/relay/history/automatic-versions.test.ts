import { expect, test } from "bun:test";
import { automaticVersions, type VersionsInput } from "../../../src/relay/history/automatic-versions.ts";

const minute = 60_000;

/** Updates at these minutes, with rows from 1 on. */
function updatesAt(minutes: readonly number[], user = "ann") {
  return minutes.map((at, index) => ({ row: 1 + index, at: 1_000 + at * minute, user }));
}

function versionsOf(input: Partial<VersionsInput>) {
  const updates = input.updates ?? [];
  const now = updates.at(-1)?.at ?? 0;
  return automaticVersions({
    updates,
    last: undefined,
    lastVersion: undefined,
    users: [],
    now,
    isFinal: false,
    ...input,
  });
}

const sequences = (input: Partial<VersionsInput>) => versionsOf(input).versions.map(({ sequence }) => sequence);

test("a pause of ten minutes makes a version of what was before it", () => {
  expect(sequences({ updates: updatesAt([0, 1, 11, 12]) })).toEqual([2]);
  expect(sequences({ updates: updatesAt([0, 1, 10.9, 12]) })).toEqual([]);
});

test("a pause that lasts still makes a version of the last update", () => {
  expect(sequences({ updates: updatesAt([0, 1]), now: 1_000 + 10.9 * minute })).toEqual([]);
  expect(sequences({ updates: updatesAt([0, 1]), now: 1_000 + 11 * minute })).toEqual([2]);
});

test("half an hour of activity makes a version", () => {
  const minutes = Array.from({ length: 70 }, (_, index) => index);
  expect(sequences({ updates: updatesAt(minutes) })).toEqual([31, 62]);
});

test("a second is not cut in two", () => {
  const updates = [0, 5, 10, 15, 20, 25, 30, 30, 30.5].map((at, index) => ({
    row: 1 + index,
    at: 1_000 + at * minute,
    user: "ann",
  }));
  expect(sequences({ updates })).toEqual([8]);
});

test("the last user who leaves makes a version, unless nothing has changed since the last one", () => {
  expect(sequences({ updates: updatesAt([0, 1]), isFinal: true })).toEqual([2]);
  const last = { sequence: 7, at: 1_000 };
  expect(sequences({ updates: [], last, lastVersion: last, isFinal: true })).toEqual([]);
  expect(sequences({ updates: [], last, lastVersion: { sequence: 6, at: 500 }, isFinal: true })).toEqual([7]);
});

test("a pause before the first update makes a version of what was stored before", () => {
  const last = { sequence: 7, at: 1_000 };
  const updates = [{ row: 9, at: 1_000 + 10 * minute, user: "bob" }];
  expect(versionsOf({ updates, last, users: ["ann"] })).toEqual({
    versions: [{ ...last, users: ["ann"] }],
    users: ["bob"],
  });
});

test("a version names those who have changed the document since the one before", () => {
  const updates = [
    { row: 1, at: 1_000, user: "ann" },
    { row: 2, at: 2_000, user: "bob" },
    { row: 3, at: 3_000, user: undefined },
    { row: 4, at: 3_000 + 20 * minute, user: "cid" },
  ];
  expect(versionsOf({ updates, users: ["dan"] })).toEqual({
    versions: [{ sequence: 3, at: 3_000, users: ["dan", "ann", "bob"] }],
    users: ["cid"],
  });
});

test("updates of unknown time make no versions", () => {
  const updates = [1, 2, 3].map((row) => ({ row, at: undefined, user: "ann" }));
  expect(sequences({ updates, now: 10 ** 12 })).toEqual([]);
});
