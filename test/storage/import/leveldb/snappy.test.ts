import { describe, expect, test } from "bun:test";
import { Damage } from "../../../../src/storage/import/leveldb/byte-reader.ts";
import { decompressSnappy } from "../../../../src/storage/import/leveldb/snappy.ts";
import { utf8 } from "../../../support/bytes/leveldb-bytes.ts";
import { type Random, withSeeds } from "../../../support/bytes/random.ts";

const literal = (text: string) => [(text.length - 1) << 2, ...utf8(text)];
const copy1 = (offset: number, length: number) => [((offset >> 8) << 5) | ((length - 4) << 2) | 1, offset & 0xff];
const copy2 = (offset: number, length: number) => [((length - 1) << 2) | 2, offset & 0xff, offset >> 8];
const copy4 = (offset: number, length: number) => [((length - 1) << 2) | 3, offset & 0xff, offset >> 8, 0, 0];

const decompressed = (...bytes: readonly number[]) => decompressSnappy(Uint8Array.from(bytes));
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("a snappy block", () => {
  test.each<[string, readonly number[], string]>([
    ["nothing", [0], ""],
    ["a literal", [5, ...literal("abcde")], "abcde"],
    ["several", [5, ...literal("abc"), ...literal("de")], "abcde"],
    ["a copy with an offset of 11 bits", [8, ...literal("abcd"), ...copy1(4, 4)], "abcdabcd"],
    ["a copy with an offset of 16 bits", [7, ...literal("abcd"), ...copy2(3, 3)], "abcdbcd"],
    ["a copy with an offset of 32 bits", [5, ...literal("abcd"), ...copy4(4, 1)], "abcda"],
    ["a copy of what it writes", [9, ...literal("ab"), ...copy1(2, 7)], "ababababa"],
    ["a run", [65, ...literal("a"), ...copy2(1, 64)], "a".repeat(65)],
  ])("of %s", (_, bytes, expected) => {
    expect(text(decompressed(...bytes))).toBe(expected);
  });

  test.each([1, 60, 61, 256, 257, 65_536, 65_537])("of a literal of %p bytes", (length) => {
    const content = Uint8Array.from({ length }, (_, index) => index % 251);
    const bytes = [...varint(length), ...literalBytes(content)];
    expect(Buffer.compare(decompressed(...bytes), content)).toBe(0);
  });

  test.each<[string, readonly number[]]>([
    ["without bytes", []],
    ["that ends in a literal", [5, ...literal("abcde").slice(0, -1)]],
    ["that ends in a literal's length", [5, 60 << 2]],
    ["that ends in a copy", [8, ...literal("abcd"), ...copy2(4, 4).slice(0, -1)]],
    ["that holds less than it claims", [6, ...literal("abcde")]],
    ["whose literal is more than it claims", [4, ...literal("abcde")]],
    ["whose copy is more than it claims", [7, ...literal("abcd"), ...copy1(4, 4)]],
    ["that copies from before its start", [8, ...literal("abcd"), ...copy1(5, 4)]],
    ["that copies from nowhere", [8, ...literal("abcd"), ...copy1(0, 4)]],
    ["that copies from a negative place", [8, ...literal("abcd"), (3 << 2) | 3, 0xff, 0xff, 0xff, 0xff]],
    ["that claims 4 GB", [0xff, 0xff, 0xff, 0xff, 0x0f, ...literal("abcd")]],
    ["that claims more than it can hold", [...varint(1_000), ...literal("a"), ...copy2(1, 64)]],
  ])("%s is refused", (_, bytes) => {
    expect(() => decompressed(...bytes)).toThrow(Damage);
  });

  test("of random literals and copies is decompressed", () => {
    withSeeds(300, (random) => {
      const { bytes, content } = inventBlock(random);
      expect([...decompressed(...varint(content.length), ...bytes)]).toEqual([...content]);
    });
  });
});

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

function literalBytes(content: Uint8Array): readonly number[] {
  const less = content.length - 1;
  if (less < 60) return [less << 2, ...content];
  const lengthBytes = [less & 0xff, (less >> 8) & 0xff, (less >> 16) & 0xff].slice(
    0,
    less < 256 ? 1 : less < 65_536 ? 2 : 3,
  );
  return [(59 + lengthBytes.length) << 2, ...lengthBytes, ...content];
}

function inventBlock(random: Random): { readonly bytes: readonly number[]; readonly content: readonly number[] } {
  const bytes: number[] = [];
  const content: number[] = [];
  for (let element = 0; element < 20; element += 1) {
    if (content.length === 0 || random.chance(0.4)) {
      const literal = Uint8Array.from({ length: 1 + random.integer(90) }, () => random.integer(256));
      bytes.push(...literalBytes(literal));
      content.push(...literal);
      continue;
    }
    const offset = 1 + random.integer(Math.min(content.length, 2_047));
    const length = 4 + random.integer(8);
    bytes.push(...random.pick([copy1, copy2, copy4])(offset, length));
    for (let index = 0; index < length; index += 1) content.push(content[content.length - offset] ?? 0);
  }
  return { bytes, content };
}
