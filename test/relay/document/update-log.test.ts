import { expect, test } from "bun:test";
import { UpdateLog } from "../../../src/relay/document/update-log.ts";
import { withSeeds } from "../../support/bytes/random.ts";

test("a log has the updates that were appended and not dropped, in order, with their rows", () => {
  withSeeds(50, (random) => {
    const log = new UpdateLog();
    const expected: { row: number; update: Uint8Array }[] = [];
    for (let step = 0; step < 60; step += 1) {
      if (random.chance(0.9)) {
        const update = new Uint8Array(random.integer(random.pick([2, 40, 5_000]))).fill(random.integer(256));
        const row = random.integer(random.chance(0.2) ? Number.MAX_SAFE_INTEGER : 1_000);
        log.append(update, row);
        expected.push({ row, update });
      } else {
        const count = random.integer(expected.length + 1);
        log.dropFirst(count);
        expected.splice(0, count);
      }
      expect(log.count).toBe(expected.length);
      expect(log.byteLength).toBe(expected.reduce((bytes, { update }) => bytes + update.byteLength, 0));
    }
    expect(log.toArray()).toEqual(expected);
  });
});

test("an array that was read does not change while more is appended", () => {
  const log = new UpdateLog();
  log.append(Uint8Array.of(1, 2, 3), 7);
  const before = log.toArray();
  for (let row = 8; row < 500; row += 1) log.append(Uint8Array.of(9, 9), row);
  log.dropFirst(300);
  expect(before).toEqual([{ row: 7, update: Uint8Array.of(1, 2, 3) }]);
});

test("a pack is the given first update and then the log, and does not change", () => {
  const log = new UpdateLog();
  const first = { row: 900, update: Uint8Array.of(5, 5) };
  expect(log.pack(undefined)).toEqual({ bytes: new Uint8Array(), lengths: new Uint32Array(), rows: [] });
  expect(log.pack(first)).toEqual({ bytes: Uint8Array.of(5, 5), lengths: Uint32Array.of(2), rows: [900] });
  for (let row = 1; row < 500; row += 1) log.append(Uint8Array.of(row % 256), 2 * row);
  log.dropFirst(497);
  const pack = log.pack(first);
  log.dropFirst(1);
  log.append(Uint8Array.of(7), 5_000);
  expect(pack).toEqual({
    bytes: Uint8Array.of(5, 5, 498 % 256, 499 % 256),
    lengths: Uint32Array.of(2, 1, 1),
    rows: [900, 996, 998],
  });
});
