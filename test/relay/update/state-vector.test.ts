import { expect, test } from "bun:test";
import * as Y from "yjs";
import { decodeStateVector, encodeStateVector } from "../../../src/relay/update/state-vector.ts";
import { DecodeError } from "../../../src/relay/update/strict-decoding.ts";

test("a state vector is written as Yjs writes it, and decodes to the same", () => {
  const clocks = new Map([
    [5, 1],
    [4_000_000_000, 70_000],
    [17, Number.MAX_SAFE_INTEGER],
  ]);
  expect(encodeStateVector(clocks)).toEqual(Y.encodeStateVector(clocks));
  expect(decodeStateVector(encodeStateVector(clocks))).toEqual(clocks);
  expect(encodeStateVector(new Map())).toEqual(Uint8Array.of(0));
});

test.each([
  ["is empty", []],
  ["is cut off", [1, 5]],
  ["has trailing bytes", [0, 0]],
  ["counts more entries than it has", [...Array<number>(5).fill(0xff), 1, 1, 1]],
  ["has NaN as a number", [1, ...Array<number>(150).fill(0x80), 0, 1]],
])("a state vector that %s does not decode", (_name, bytes) => {
  expect(() => decodeStateVector(Uint8Array.from(bytes))).toThrow(DecodeError);
});
