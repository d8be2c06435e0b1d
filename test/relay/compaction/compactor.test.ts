import { expect, test } from "bun:test";
import { shouldCompact } from "../../../src/relay/compaction/compactor.ts";

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
