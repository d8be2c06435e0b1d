import { describe, expect, test } from "bun:test";
import { readRetryAfter, retryDelayMs } from "../../src/webhooks/retry-schedule.ts";

const delaysMs = [5_000, 30_000];

describe("the delay before the next attempt", () => {
  test.each([
    [1, 0, 5_000],
    [2, 0, 30_000],
    [1, 1, 6_000],
    [2, 0.5, 33_000],
    [3, 0, undefined],
  ])("after %i failures, with the random number %d, is %p ms", (failures, random, expected) => {
    expect(retryDelayMs(failures, { delaysMs, random: () => random })).toBe(expected as number);
  });

  test("is at least what the receiver asks for, up to a day", () => {
    const schedule = { delaysMs, random: () => 0 };
    expect(retryDelayMs(1, schedule, 60_000)).toBe(60_000);
    expect(retryDelayMs(1, schedule, 10)).toBe(5_000);
    expect(retryDelayMs(1, schedule, 1e12)).toBe(86_400_000);
    expect(retryDelayMs(3, schedule, 60_000)).toBeUndefined();
  });
});

test.each([
  ["120", 120_000],
  ["0", 0],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
  ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
  ["soon", undefined],
  ["-5", undefined],
  [null, undefined],
])("Retry-After %p means %p ms", (header, expected) => {
  expect(readRetryAfter(header, 10_000)).toBe(expected as number);
});
