import { describe, expect, test } from "bun:test";
import { RecordEncoder, RecordReader } from "../../../../src/storage/sqlite/journal/journal-record.ts";
import { StoreError } from "../../../../src/storage/store.ts";
import { Random } from "../../../support/bytes/random.ts";

type Entry = readonly [document: number, update: readonly number[], user?: string | undefined];

const appendedAt = 1_796_000_000_123;

function encode(encoder: RecordEncoder, entries: readonly Entry[], at = appendedAt): Uint8Array {
  for (const [document, update, user] of entries) encoder.add(document, Uint8Array.from(update), user);
  return encoder.finish(at);
}

interface Decoded {
  readonly row: number;
  readonly document: number;
  readonly update: readonly number[];
  readonly user: string | undefined;
  readonly at: number | undefined;
}

function decode(id: number, data: Uint8Array): readonly Decoded[] {
  const reader = new RecordReader({ id, data });
  const entries: Decoded[] = [];
  while (reader.next()) {
    const { at, document, row, user } = reader;
    entries.push({ row, document, update: [...reader.update], user, at });
  }
  return entries;
}

/** A record with the right checksum, whatever its content is. */
function signed(version: number, ...content: readonly number[]): Uint8Array {
  const data = Uint8Array.from([version, 0, 0, 0, 0, ...content]);
  new DataView(data.buffer).setUint32(1, Bun.hash.crc32(data.subarray(5)), true);
  return data;
}

const noTime = [0, 0, 0, 0, 0, 0] as const;

describe("a record of the journal", () => {
  test("has the documented layout", () => {
    const entries: readonly Entry[] = [
      [1, [7, 8], "ann"],
      [300, []],
      [2, [9], "é"],
      [1, [], "ann"],
    ];
    const ann = [1, 3, 97, 110, 110];
    const é = [2, 2, 0xc3, 0xa9];
    const time = [0x06, 0x05, 0x04, 0x03, 0x02, 0x01];
    expect(encode(new RecordEncoder(), entries, 0x01_02_03_04_05_06)).toEqual(
      signed(2, ...time, 1, ...ann, 2, 7, 8, 0xac, 0x02, 0, 0, 2, ...é, 1, 9, 1, 1, 0),
    );
  });

  test("holds any updates of any documents and users, and a later record holds its own only", () => {
    const random = new Random(1);
    const encoder = new RecordEncoder();
    const users = [
      "",
      "ann",
      "b".repeat(256),
      "ünïcödé 👩‍🚀",
      ...Array.from({ length: 200 }, (_, index) => `user ${index}`),
    ];
    for (let round = 1; round < 200; round += 1) {
      const entries = Array.from({ length: 1 + random.integer(20) }, (): Entry => {
        const document = random.pick([1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]);
        const length = random.pick([0, 1, 127, 128, 5_000]);
        return [
          document,
          Array.from({ length }, () => random.integer(256)),
          random.chance(0.2) ? undefined : random.pick(users),
        ];
      });
      const at = appendedAt + round;
      const expected = entries.map(([document, update, user], index) => ({
        row: round + index,
        document,
        update,
        user,
        at,
      }));
      expect(decode(round, encode(encoder, entries, at))).toEqual(expected);
    }
  });

  test("of the release 0.1.0 is read: it has no time and no users", () => {
    expect(decode(5, signed(1, 1, 2, 7, 8, 0xac, 0x02, 0))).toEqual([
      { row: 5, document: 1, update: [7, 8], user: undefined, at: undefined },
      { row: 6, document: 300, update: [], user: undefined, at: undefined },
    ]);
  });

  test("is refused as corrupt when a byte has changed, is missing or was added", () => {
    const data = encode(new RecordEncoder(), [
      [5, [1, 2, 3], "ann"],
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
    ["without updates", signed(2, ...noTime), /too short/],
    ["of version 1 without updates", signed(1), /too short/],
    ["of an unknown version", signed(3, 1, 1, 7), /version is 3/],
    ["with the number of a user that is not there", signed(2, ...noTime, 1, 2, 0), /user is unknown/],
    ["that ends in the id of a user", signed(2, ...noTime, 1, 1, 2, 97), /user is cut off/],
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
