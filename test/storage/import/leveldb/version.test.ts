import { describe, expect, test } from "bun:test";
import * as encoding from "lib0/encoding";
import { Damage } from "../../../../src/storage/import/leveldb/byte-reader.ts";
import { readVersion } from "../../../../src/storage/import/leveldb/version.ts";
import { internalKey, utf8 } from "../../../support/bytes/leveldb-bytes.ts";

type Field = (encoder: encoding.Encoder) => void;

const numbers =
  (...values: readonly number[]): Field =>
  (encoder) => {
    for (const value of values) encoding.writeVarUint(encoder, value);
  };
const comparator =
  (name: string): Field =>
  (encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarString(encoder, name);
  };
const logNumber = (number: number) => numbers(2, number);
const previousLogNumber = (number: number) => numbers(9, number);
const deleted = (level: number, number: number) => numbers(6, level, number);
const compactPointer: Field = (encoder) => {
  encoding.writeVarUint(encoder, 5);
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint8Array(encoder, internalKey("k", 1));
};
const added =
  (level: number, number: number, firstKey = internalKey("a", 3)): Field =>
  (encoder) => {
    for (const value of [7, level, number, 1_000 + number]) encoding.writeVarUint(encoder, value);
    encoding.writeVarUint8Array(encoder, firstKey);
    encoding.writeVarUint8Array(encoder, internalKey("z", 1));
  };
const edit = (...fields: readonly Field[]) =>
  encoding.encode((encoder) => {
    for (const field of fields) field(encoder);
  });
const table = (number: number) => ({ number, bytes: 1_000 + number, firstKey: utf8("a") });

describe("a version", () => {
  test("is the result of the edits of a manifest", () => {
    const version = readVersion([
      edit(comparator("leveldb.BytewiseComparator"), logNumber(0), numbers(3, 2), numbers(4, 0)),
      edit(logNumber(4), previousLogNumber(0), added(0, 5), added(0, 6), compactPointer),
      edit(deleted(0, 5), added(1, 7), previousLogNumber(3)),
      edit(numbers(4, 99)),
    ]);
    expect(version).toEqual({ tables: [table(6), table(7)], logNumber: 4, previousLogNumber: 3 });
  });

  test("keeps a table that moves to another level, in either order of the fields", () => {
    const moved = [edit(deleted(0, 5), added(1, 5)), edit(added(2, 5), deleted(1, 5))];
    expect(readVersion([edit(logNumber(1), added(0, 5)), ...moved]).tables).toEqual([table(5)]);
  });

  test.each<[string, readonly Uint8Array[], string]>([
    ["without records", [], "missing log number"],
    ["that names no log", [edit(added(0, 5))], "missing log number"],
    ["of another order of keys", [edit(comparator("mine"), logNumber(1))], "its comparator is not supported"],
    ["with an unknown field", [edit(logNumber(1), numbers(8, 1))], "unknown field"],
    ["that ends early", [edit(logNumber(1), added(0, 5)).subarray(0, -1)], "unexpected end of data"],
    [
      "with a table whose first key is too short",
      [edit(logNumber(1), added(0, 5, utf8("seven..")))],
      "a key is too short",
    ],
  ])("%s is damaged", (_, records, message) => {
    expect(() => readVersion(records)).toThrow(new Damage(message));
  });
});
