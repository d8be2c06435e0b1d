import { expect, test } from "bun:test";
import { parseDuration } from "../../src/config/duration.ts";

test.each([
  ["90s", 90_000],
  ["15m", 900_000],
  ["1h", 3_600_000],
  ["30d", 2_592_000_000],
  ["7", 7_000],
])("%s are %d ms", (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs);
});

test.each(["", "0", "0s", "1w", "1 h", "-1h", "1.5h", "h", "1e3", "1000000000s", "1hh"])(
  "%p is no duration",
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);
