import { describe, expect, test } from "bun:test";
import { keyEncoding } from "y-leveldb";
import { decodeKey } from "../../../src/storage/import/y-leveldb-key.ts";

describe("a key of y-leveldb", () => {
  test.each<[name: string, parts: readonly (string | number)[]]>([
    ["", ["v1", "", "update", 7]],
    ["notes", ["v1", "notes", "update", 0]],
    ["日本語 \0", ["v1", "日本語 \0", "update", 2 ** 32 - 1]],
    ["\ufeffmarked", ["v1", "\ufeffmarked", "update", 7]],
    ["n".repeat(20_000), ["v1", "n".repeat(20_000), "update", 7]],
  ])("of an update names its document", (name, parts) => {
    expect(decodeKey(keyEncoding.encode(parts))).toEqual({ kind: "update", name });
  });

  test("of y-leveldb that is not an update has its kind", () => {
    const decoded = (...parts: readonly (string | number)[]) => decodeKey(keyEncoding.encode(parts));
    expect(decoded("v1", "notes", "meta", "author")).toEqual({ kind: "meta", name: "notes" });
    expect(decoded("v1_sv", "notes")).toEqual({ kind: "state-vector", name: "notes" });
  });

  test.each<[parts: readonly (string | number)[]]>([
    [["v2", "notes", "update", 0]],
    [["v1", "notes", "else", 0]],
    [["v1", "notes", "update", "0"]],
    [["v1", "notes", "meta", 0]],
    [["v1", 5, "update", 0]],
    [["v1", "notes", "update", 0, 0]],
    [["v1_sv", "notes", "more"]],
    [["v1", "notes"]],
    [[]],
  ])("is foreign: %p", (parts) => {
    expect(decodeKey(keyEncoding.encode(parts))).toEqual({ kind: "foreign" });
  });

  test.each<[string, readonly number[]]>([
    ["with a part of an unknown kind", [2, 1, 65]],
    ["that ends in a text", [0, 5, 65]],
    ["that ends in a number", [1, 0, 0, 0]],
    ["whose text is not UTF-8", [0, 2, 0xc3, 0x28]],
  ])("%s is foreign", (_, bytes) => {
    expect(decodeKey(Uint8Array.from(bytes))).toEqual({ kind: "foreign" });
  });
});
