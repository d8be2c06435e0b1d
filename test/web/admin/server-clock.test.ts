import { afterEach, expect, setSystemTime, test } from "bun:test";
import { ServerClock } from "../../../src/web/admin/data/server-clock.ts";

const noon = Date.parse("2026-11-30T12:00:00Z");

afterEach(() => {
  setSystemTime();
});

function clockAfter(date: string | null, sentAt: number, receivedAt: number): number {
  setSystemTime(new Date(receivedAt));
  const clock = new ServerClock();
  clock.observe(date, { sentAt, receivedAt });
  return clock.now();
}

test.each([
  ["is the browser's if both may be equal", "Mon, 30 Nov 2026 12:00:00 GMT", noon + 600, noon + 700, noon + 700],
  ["is the browser's with a slow answer", "Mon, 30 Nov 2026 12:00:04 GMT", noon, noon + 9_000, noon + 9_000],
  ["is ahead of the browser's", "Mon, 30 Nov 2026 12:10:00 GMT", noon, noon + 1_000, noon + 601_000],
  ["is behind the browser's", "Mon, 30 Nov 2026 11:50:00 GMT", noon, noon + 1_000, noon - 599_000],
  ["is the browser's without a date", null, noon, noon, noon],
  ["is the browser's with a date that is none", "yesterday", noon, noon, noon],
])("the server's time %s", (_, date, sentAt, receivedAt, now) => {
  expect(clockAfter(date, sentAt, receivedAt)).toBe(now);
});
