import { expect, test } from "bun:test";
import { nearsLimit, shouldCompact } from "../../../src/relay/compaction/compactor.ts";

test.each([
  [0, 0, false],
  [65_536, 0, false],
  [65_537, 0, true],
  [65_537, 131_072, true],
  [65_537, 131_074, false],
  [5_000_000, 10_000_000, false],
  [5_000_001, 10_000_000, true],
])("a tail of %d bytes after a base of %d is worth a compaction: %p", (tailBytes, baseBytes, isWorthIt) => {
  expect(shouldCompact(tailBytes, baseBytes)).toBe(isWorthIt);
});

test.each([
  [100_000, 800_000, false],
  [100_001, 800_000, true],
  [65_536, 999_000, false],
  [65_537, 999_000, true],
  [65_537, 2_000_000, true],
  [499_999, 0, false],
])("a tail of %d bytes after a base of %d nears a limit of 1 MB: %p", (tailBytes, baseBytes, isNear) => {
  expect(nearsLimit({ tailBytes, baseBytes }, 1_000_000)).toBe(isNear);
});
