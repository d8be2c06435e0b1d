import { describe, expect, test } from "bun:test";
import { Damage } from "../../../../src/storage/import/leveldb/byte-reader.ts";
import { readWriteBatch } from "../../../../src/storage/import/leveldb/write-batch.ts";
import { concatenate, utf8, writeBatch } from "../../../support/bytes/leveldb-bytes.ts";

const read = (record: Uint8Array) => [...readWriteBatch(record)];

describe("a batch of writes", () => {
  test("numbers its writes from its sequence number", () => {
    const record = writeBatch(2 ** 40, [
      ["a", "one"],
      ["b", undefined],
      ["", ""],
    ]);
    expect(read(record)).toEqual([
      { key: utf8("a"), tag: 2n ** 48n + 1n, value: utf8("one") },
      { key: utf8("b"), tag: 2n ** 48n + 256n, value: utf8("") },
      { key: utf8(""), tag: 2n ** 48n + 513n, value: utf8("") },
    ]);
  });

  test("may be empty", () => {
    expect(read(writeBatch(7, []))).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ["that ends in its header", writeBatch(1, []).subarray(0, 11)],
    ["that ends in a value", writeBatch(1, [["a", "one"]]).subarray(0, -1)],
    ["with fewer writes than it claims", writeBatch(1, [["a", "one"]], 2)],
    ["with more writes than it claims", writeBatch(1, [["a", "one"]], 0)],
    ["with a write of an unknown kind", concatenate(writeBatch(1, [], 1), Uint8Array.of(2, 1, 97))],
  ])("%s is damaged", (_, record) => {
    expect(() => read(record)).toThrow(Damage);
  });
});
