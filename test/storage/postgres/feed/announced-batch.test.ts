import { describe, expect, test } from "bun:test";
import { packBatch } from "../../../../src/storage/postgres/documents/packed-batch.ts";
import { decodeBatches, encodeBatch } from "../../../../src/storage/postgres/feed/announced-batch.ts";
import { Random } from "../../../support/bytes/random.ts";

const update = (document: string, bytes: readonly number[], user?: string) => ({
  document,
  update: Uint8Array.from(bytes),
  user,
});

describe("an announced batch", () => {
  test("has its place, and the updates with their rows and users", () => {
    const place = { writer: 2 ** 52 - 1, number: 2 ** 40 };
    const updates = [update("d", [1, 2], "ann"), update("日本", [], ""), update("d", [0, 255])];
    const rows = [7, 2 ** 45, 2 ** 45 + 1];
    expect(decodeBatches(encodeBatch(place, packBatch(updates, 0), rows))).toEqual([
      { place, updates: updates.map((each, index) => ({ ...each, row: rows[index] ?? 0 })) },
    ]);
  });

  test("can follow another one", () => {
    const encode = (number: number) =>
      encodeBatch({ writer: 1, number }, packBatch([update(`d${number}`, [number])], 0), [number]);
    const places = decodeBatches(Buffer.concat([encode(3), encode(4)])).map(({ place, updates }) => [
      place.number,
      updates,
    ]);
    expect(places).toEqual([
      [3, [{ ...update("d3", [3]), row: 3 }]],
      [4, [{ ...update("d4", [4]), row: 4 }]],
    ]);
  });

  test("leaves nothing of itself in memory for those who keep an update", () => {
    const long = new Array<number>(5_000).fill(7);
    const batch = packBatch([update("d", [1, 2]), update("e", long)], 0);
    const [decoded] = decodeBatches(encodeBatch({ writer: 1, number: 1 }, batch, [1, 2]));
    expect(decoded?.updates.map((each) => each.update.buffer.byteLength)).toEqual([2, 5_000]);
  });

  test("is refused if it is cut short or of another format", () => {
    const bytes = encodeBatch({ writer: 9, number: 1 }, packBatch([update("d", [1, 2, 3], "ann")], 0), [5]);
    for (let length = 1; length < bytes.byteLength; length += 1)
      expect(() => decodeBatches(bytes.subarray(0, length))).toThrow();
    expect(() => decodeBatches(Uint8Array.of(2, ...bytes.subarray(1)))).toThrow("format");
    expect(() => decodeBatches(Uint8Array.of(...bytes, 0))).toThrow();
  });

  test("that is random bytes is refused, or read within its bounds", () => {
    const random = new Random(5);
    for (let round = 0; round < 2_000; round += 1) {
      const bytes = Uint8Array.from({ length: random.integer(60) }, () => random.integer(256));
      bytes[0] = 1;
      try {
        for (const { updates } of decodeBatches(bytes))
          for (const each of updates) expect(each.update.byteLength).toBeLessThanOrEqual(bytes.byteLength);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
