import { describe, expect, test } from "bun:test";
import { Damage } from "../../../../src/storage/import/leveldb/byte-reader.ts";
import { readLog } from "../../../../src/storage/import/leveldb/log-records.ts";
import { concatenate, logBlockBytes, logBytes, logFragment, utf8 } from "../../../support/bytes/leveldb-bytes.ts";
import { withSeeds } from "../../../support/bytes/random.ts";

const full = 1;
const first = 2;
const middle = 3;
const last = 4;
const headerBytes = 7;

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);

/** Sizes around which a record is split, fills a block, or leaves a few bytes at its end. */
const sizes = [0, 1, 100, logBlockBytes - headerBytes - 1, logBlockBytes - headerBytes, logBlockBytes, 100_000];

function texts(bytes: Uint8Array): readonly string[] {
  return readLog(bytes).records.map((record) => new TextDecoder().decode(record));
}

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const changed = new Uint8Array(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

describe("a log", () => {
  test("without bytes has no records", () => {
    expect(readLog(new Uint8Array())).toEqual({ records: [], end: "whole" });
  });

  test("returns the written records of all sizes", () => {
    for (const before of sizes) {
      for (const size of sizes) {
        const records = [filled(before, 1), filled(size, 2), utf8("end")];
        const read = readLog(logBytes(records));
        expect(read.end).toBe("whole");
        expect(read.records.map((record, index) => Buffer.compare(record, records[index] ?? filled(0, 0)))).toEqual([
          0, 0, 0,
        ]);
      }
    }
  });

  test("may start a record with an empty fragment, and then start it again", () => {
    expect(texts(concatenate(logFragment(first, utf8("")), logFragment(full, utf8("a"))))).toEqual(["a"]);
  });

  test("that ends anywhere has the complete records, and reports an incomplete one", () => {
    const written = [utf8("first"), filled(40_000, 7), utf8("last")];
    const bytes = logBytes(written);
    const ends = written.map((_, index) => logBytes(written.slice(0, index + 1)).length);
    for (let length = 0; length <= bytes.length; length += length < 100 || length > 32_700 ? 1 : 997) {
      const { records, end } = readLog(bytes.subarray(0, length));
      expect(records).toHaveLength(ends.filter((recordEnd) => recordEnd <= length).length);
      expect(end === "whole").toBe(length === 0 || ends.includes(length));
      if (length % logBlockBytes !== 0) expect(end).not.toBe("damaged");
    }
  });

  test.each<[string, Uint8Array]>([
    ["zeros", filled(1_000, 0)],
    ["a block of zeros", filled(logBlockBytes, 0)],
    ["a checksum that does not match", damaged(logFragment(full, utf8("lost")), 0)],
    ["content that does not match", damaged(logFragment(full, utf8("lost")), headerBytes)],
    ["a record of an unknown type", logFragment(9, utf8("lost"))],
  ])("that ends with %s keeps the records before it", (_, rest) => {
    const bytes = concatenate(logBytes([utf8("a"), utf8("b")]), rest);
    expect(readLog(bytes)).toMatchObject({ records: [utf8("a"), utf8("b")], end: "damaged" });
  });

  test.each<[string, Uint8Array, string]>([
    ["zeros", filled(3 * headerBytes, 0), "there is no record at byte 8"],
    ["a checksum that does not match", damaged(logFragment(full, utf8("lost")), 1), "checksum mismatch at byte 8"],
    ["a record of an unknown type", logFragment(9, utf8("lost")), "there is no record at byte 8"],
    ["the beginning of a record", logFragment(first, utf8("lost")), "truncated record"],
    ["the middle of a record", logFragment(middle, utf8("lost")), "a record has no beginning"],
    ["the end of a record", logFragment(last, utf8("lost")), "a record has no beginning"],
  ])("with %s between records is damaged", (_, between, message) => {
    const bytes = concatenate(logFragment(full, utf8("a")), between, logFragment(full, utf8("b")));
    expect(() => readLog(bytes)).toThrow(new Damage(message));
  });

  test("with a length that exceeds its block is corrupted when another block follows, and otherwise ends there", () => {
    const record = logFragment(full, filled(100, 1));
    record[5] = 0xff;
    const block = concatenate(record, filled(logBlockBytes - record.length, 0));
    const follower = logFragment(full, utf8("b"));
    expect(() => readLog(concatenate(block, follower))).toThrow(new Damage("a record goes beyond its block at byte 0"));
    expect(readLog(block)).toEqual({ records: [], end: "damaged" });
    expect(readLog(record)).toEqual({ records: [], end: "cut" });
  });

  test("of random records returns them", () => {
    withSeeds(50, (random) => {
      const records = Array.from({ length: random.integer(8) }, () =>
        filled(random.integer(70_000), random.integer(256)),
      );
      expect(Buffer.compare(concatenate(...readLog(logBytes(records)).records), concatenate(...records))).toBe(0);
    });
  });
});
