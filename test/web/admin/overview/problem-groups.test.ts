import { expect, test } from "bun:test";
import { groupProblems, wordsOfEvent } from "../../../../src/web/admin/overview/problems/problem-groups.ts";
import { backupEveryMs } from "../../../../src/web/admin/overview/verdict/backup-interval.ts";

test("problems are grouped by their event, the latest first", () => {
  const problem = (event: string, time: string) => ({ event, time, level: "error", remedy: null, fields: {} });
  const all = [problem("b", "3"), problem("a", "2"), problem("b", "1")];
  expect(groupProblems(all).map(({ event, problems }) => [event, ...problems.map(({ time }) => time)])).toEqual([
    ["b", "3", "1"],
    ["a", "2"],
  ]);
});

test.each([
  ["store-failed", "Store failed"],
  ["turn-tls-port-in-use", "TURN TLS port in use"],
  ["", ""],
])("the event %p is %p in words", (event, words) => {
  expect(wordsOfEvent(event)).toBe(words);
});

test.each([
  ["24h", 86_400_000],
  ["90s", 90_000],
  ["7d", 604_800_000],
  ["3600", 3_600_000],
  ["off", undefined],
  [null, undefined],
])("the interval of backups %p is %p ms", (value, ms) => {
  const setting = { setting: "backup.every", value, origin: "default", reloadable: true };
  expect(backupEveryMs([setting])).toBe(ms);
});

test("without the setting, the interval of backups is unknown", () => {
  expect(backupEveryMs([])).toBeUndefined();
});
