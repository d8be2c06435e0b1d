import { describe, expect, test } from "bun:test";
import { Damage } from "../../../../src/storage/import/leveldb/byte-reader.ts";
import { type RandomAccess, readTable } from "../../../../src/storage/import/leveldb/table.ts";
import {
  blockBytes,
  concatenate,
  internalKey,
  type StoredBlock,
  tableBytes,
  utf8,
} from "../../../support/bytes/leveldb-bytes.ts";
import { withSeeds } from "../../../support/bytes/random.ts";

const block = (...entries: Parameters<typeof blockBytes>[0]): StoredBlock => ({
  bytes: blockBytes(entries),
  compression: 0,
});
const put = (key: string, sequence: number, value = key.toUpperCase()) =>
  [internalKey(key, sequence), utf8(value)] as const;

const noRestarts = [0, 0, 0, 0];

/** Throws for what is not in the file, as reading it would. */
function inMemory(bytes: Uint8Array): RandomAccess {
  return {
    byteLength: bytes.length,
    read: (offset, length) => {
      if (offset < 0 || offset + length > bytes.length) throw new Error("read beyond the file");
      return bytes.subarray(offset, offset + length);
    },
  };
}

const read = (bytes: Uint8Array) =>
  Array.from(readTable(inMemory(bytes)), ({ key, tag, value }) => {
    const [name, content] = [key, value].map((text) => new TextDecoder().decode(text));
    return `${name}@${tag >> 8n}${(tag & 1n) === 0n ? " deleted" : `=${content}`}`;
  });

describe("a table", () => {
  test("returns its entries in order, block by block", () => {
    const first = block(put("a", 5), put("ab", 3), put("abc", 9), [internalKey("abc", 4, 0), utf8("")]);
    expect(read(tableBytes([first, block(), block(put("b", 1))]))).toEqual([
      "a@5=A",
      "ab@3=AB",
      "abc@9=ABC",
      "abc@4 deleted",
      "b@1=B",
    ]);
    expect(read(tableBytes([]))).toEqual([]);
  });

  test("may be compressed with snappy", () => {
    const { bytes } = block(put("key", 1));
    const compressed = concatenate(Uint8Array.of(bytes.length, (bytes.length - 1) << 2), bytes);
    expect(read(tableBytes([{ bytes: compressed, compression: 1 }]))).toEqual(["key@1=KEY"]);
  });

  test("of random entries returns them", () => {
    withSeeds(30, (random) => {
      const keys = Array.from({ length: 60 }, () => random.integer(2_000).toString(3)).sort();
      const entries = [...new Set(keys)].map((key) => put(key, 7, "v".repeat(random.integer(300))));
      const blocks = [0, 20, 40].map((start) => block(...entries.slice(start, start + 20)));
      expect(read(tableBytes(blocks))).toHaveLength(entries.length);
    });
  });

  const whole = tableBytes([block(put("a", 1))]);
  const start = { offset: 0, length: block(put("a", 1)).bytes.length } as const;

  test.each<[string, Uint8Array, string]>([
    ["without bytes", new Uint8Array(), "it is too short for a table"],
    ["that ends otherwise", whole.subarray(0, -1), "bad magic number"],
    ["whose block is beyond its end", tableBytes([], [[1_000, 5]]), "a block is beyond its end"],
    ["whose block is far beyond it", tableBytes([], [[0, Number.MAX_SAFE_INTEGER]]), "a block is beyond its end"],
    [
      "that names a block twice",
      tableBytes(
        [block()],
        [
          [0, 4],
          [0, 4],
        ],
      ),
      "blocks overlap",
    ],
    ["whose block has changed", changed(whole, 3), "checksum mismatch at byte 0"],
    [
      "whose block is compressed otherwise",
      tableBytes([{ ...block(), compression: 2 }]),
      "an unsupported compression (2)",
    ],
    [
      "with a block in the wrong place",
      tableBytes([block(put("a", 1))], [[1, start.length - 1]]),
      "checksum mismatch at byte 1",
    ],
    ["whose keys descend", tableBytes([block(put("b", 1), put("a", 2))]), "keys are out of order"],
    ["whose keys come twice", tableBytes([block(put("a", 1)), block(put("a", 1))]), "keys are out of order"],
    ["whose versions ascend", tableBytes([block(put("a", 1), put("a", 2))]), "keys are out of order"],
    ["with a key that is too short", tableBytes([block([utf8("seven.."), utf8("")])]), "a key is too short"],
    ["with an entry of an unknown kind", tableBytes([block([internalKey("a", 1, 2), utf8("")])]), "unknown value type"],
    ["with a block of 3 bytes", tableBytes([stored(1, 2, 3)]), "a block is too short"],
    ["with more restarts than fit", tableBytes([stored(0xff, 0xff, 0xff, 0xff)]), "a block is too short"],
    [
      "with a key that shares too much",
      tableBytes([stored(1, 0, 0, ...noRestarts)]),
      "shares more bytes than the previous key has",
    ],
    ["with a key of 4 GB", tableBytes([stored(0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, ...noRestarts)]), "a key is longer"],
    [
      "with a value of 4 GB",
      tableBytes([stored(0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, ...noRestarts)]),
      "unexpected end of data",
    ],
  ])("%s is damaged", (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(Damage);
    expect(() => read(bytes)).toThrow(message);
  });

  test("may have keys of up to 64 KiB", () => {
    const key = "k".repeat(64 * 1024 - 8);
    expect(read(tableBytes([block(put(key, 1, "v"))]))).toEqual([`${key}@1=v`]);
    expect(() => read(tableBytes([block(put(`${key}k`, 1, "v"))]))).toThrow("a key is longer than 65536 bytes");
  });
});

function stored(...bytes: readonly number[]): StoredBlock {
  return { bytes: Uint8Array.from(bytes), compression: 0 };
}

function changed(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}
