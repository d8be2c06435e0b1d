import { describe, expect, test } from "bun:test";
import { ByteReader, Damage } from "../../../../src/storage/import/leveldb/byte-reader.ts";

const reader = (...bytes: readonly number[]) => new ByteReader(Uint8Array.from(bytes));

describe("a byte reader", () => {
  test.each<[readonly number[], number]>([
    [[0x00], 0],
    [[0x7f], 127],
    [[0x80, 0x01], 128],
    [[0xff, 0xff, 0xff, 0xff, 0x0f], 2 ** 32 - 1],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], Number.MAX_SAFE_INTEGER],
    [[0x80, 0x80, 0x00], 0],
    [[...new Array(9).fill(0x80), 0], 0],
  ])("reads the varint %p as %p", (bytes, value) => {
    const read = reader(...bytes);
    expect(read.varint()).toBe(value);
    expect(read.remaining).toBe(0);
  });

  test("reads numbers with the low byte first", () => {
    expect(reader(1).uint(1)).toBe(1);
    expect(reader(1, 2).uint(2)).toBe(0x0201);
    expect(reader(1, 2, 3).uint(3)).toBe(0x03_0201);
    expect(reader(0xfe, 0xff, 0xff, 0xff).uint(4)).toBe(2 ** 32 - 2);
    expect(reader(1, 0, 0, 0, 0, 0, 0, 0x80).uint64()).toBe(0x8000_0000_0000_0001n);
  });

  test("continues at its position, also in a part of a buffer", () => {
    const read = new ByteReader(Uint8Array.of(9, 9, 2, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8).subarray(2));
    expect([...read.lengthPrefixed()]).toEqual([7, 8]);
    expect(read.remaining).toBe(8);
    expect(read.uint64()).toBe(0x0807_0605_0403_0201n);
  });

  test.each<[string, (read: ByteReader) => unknown, readonly number[]]>([
    ["a byte", (read) => read.byte(), []],
    ["a number", (read) => read.uint(4), [1, 2, 3]],
    ["a long number", (read) => read.uint64(), [1, 2, 3, 4, 5, 6, 7]],
    ["a varint", (read) => read.varint(), [0x80]],
    ["a varint beyond 2⁵³−1", (read) => read.varint(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]],
    ["a varint padded to more than 64 bits", (read) => read.varint(), [...new Array(10).fill(0x80), 0]],
    ["a varint padded without end", (read) => read.varint(), [...new Array(2_000).fill(0x80), 0]],
    ["bytes", (read) => read.bytes(2), [1]],
    ["bytes after their length", (read) => read.lengthPrefixed(), [3, 1, 2]],
    ["bytes after a length of 2⁵³−1", (read) => read.lengthPrefixed(), [...new Array(7).fill(0xff), 0x0f]],
  ])("refuses %s beyond the end", (_, task, bytes) => {
    expect(() => task(reader(...bytes))).toThrow(Damage);
  });
});
