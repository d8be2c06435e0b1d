import { describe, expect, test } from "bun:test";
import { RecordEncoder, RecordReader } from "../../../../src/storage/sqlite/journal/journal-record.ts";
import { StoreError } from "../../../../src/storage/store.ts";
import { Random } from "../../../support/bytes/random.ts";

type Entry = readonly [document: number, update: readonly number[]];

function encode(encoder: RecordEncoder, entries: readonly Entry[]): Uint8Array {
  for (const [document, update] of entries) encoder.add(document, Uint8Array.from(update));
  return encoder.finish();
}

function decode(id: number, data: Uint8Array): (readonly [...Entry, row: number])[] {
  const reader = new RecordReader({ id, data });
  const entries: (readonly [...Entry, row: number])[] = [];
  while (reader.next()) entries.push([reader.document, [...reader.update], reader.row]);
  return entries;
}

/** A record with the right checksum, whatever its content is. */
function signed(version: number, ...content: readonly number[]): Uint8Array {
  const data = Uint8Array.from([version, 0, 0, 0, 0, ...content]);
  new DataView(data.buffer).setUint32(1, Bun.hash.crc32(data.subarray(5)), true);
  return data;
}

describe("a record of the journal", () => {
  test("has the documented layout", () => {
    const data = encode(new RecordEncoder(), [
      [1, [7, 8]],
      [300, []],
    ]);
    expect(data).toEqual(signed(1, 1, 2, 7, 8, 0xac, 0x02, 0));
  });

  test("holds any updates of any documents, and a later record holds its own only", () => {
    const random = new Random(1);
    const encoder = new RecordEncoder();
    for (let round = 1; round < 200; round += 1) {
      const entries = Array.from({ length: 1 + random.integer(20) }, (): Entry => {
        const document = random.pick([1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]);
        const length = random.pick([0, 1, 127, 128, 5_000]);
        return [document, Array.from({ length }, () => random.integer(256))];
      });
      const expected = entries.map(([document, update], index) => [document, update, round + index] as const);
      expect(decode(round, encode(encoder, entries))).toEqual(expected);
    }
  });

  test("is refused as corrupt when a byte has changed, is missing or was added", () => {
    const data = encode(new RecordEncoder(), [
      [5, [1, 2, 3]],
      [200, [4]],
    ]);
    const damaged: Uint8Array[] = [new Uint8Array(), Uint8Array.from([...data, 0])];
    for (let index = 0; index < data.length; index += 1) {
      damaged.push(data.slice(0, index));
      for (const bits of [1, 0x80, 0xff]) damaged.push(data.map((byte, at) => (at === index ? byte ^ bits : byte)));
    }
    for (const each of damaged) {
      const error = errorOf(() => decode(7, each));
      expect(error).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ kind: "corrupt", message: expect.stringContaining("Record 7 of the journal") });
    }
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["without updates", signed(1), /too short/],
    ["of an unknown version", signed(2, 1, 1, 7), /version is 2/],
    ["that ends in the number of a document", signed(1, 0x81), /number is cut off/],
    ["that ends before a length", signed(1, 1), /number is cut off/],
    ["that ends in an update", signed(1, 1, 2, 7), /update is cut off/],
    ["with a number of more than 53 bits", signed(1, ...Array<number>(9).fill(0xff), 1), /number is too large/],
  ])("%s is refused as corrupt, even if its checksum matches", (_, data, reason) => {
    expect(errorOf(() => decode(1, data))).toMatchObject({ kind: "corrupt", message: expect.stringMatching(reason) });
  });
});

function errorOf(task: () => unknown): unknown {
  try {
    task();
    return undefined;
  } catch (error) {
    return error;
  }
}
