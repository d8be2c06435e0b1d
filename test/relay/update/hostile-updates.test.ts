import { describe, expect, test } from "bun:test";
import * as encoding from "lib0/encoding";
import { decodeContents } from "../../../src/relay/update/update-contents.ts";
import {
  any,
  bytes,
  gc,
  item,
  json,
  repeated,
  sequence,
  updateBytes,
  type Write,
} from "../../support/bytes/update-bytes.ts";

const structs = (...written: readonly Write[]) => updateBytes([{ client: 7, clock: 0, structs: written }]);
const numbers = (...values: readonly number[]) =>
  encoding.encode((encoder) => {
    for (const value of values) encoding.writeVarUint(encoder, value);
  });

const huge = 2 ** 40;
const million = 1_000_000;

describe("reading takes one pass over the bytes, and nothing else, for an update with", () => {
  test.each<[name: string, update: Uint8Array]>([
    ["structs that are not there", updateBytes([{ client: 7, clock: 0, structs: [gc(1)], count: huge }])],
    ["clients that are not there", numbers(huge)],
    ["deletes that are not there", numbers(0, 1, 7, huge, 1, 1)],
    ["clients of deletes that are not there", numbers(0, huge, 7, 0)],
    ["any values that are not there", numbers(1, 1, 7, 0, 8, 1, 0, huge)],
    ["text that is not there", numbers(1, 1, 7, 0, 4, 1, 0, huge)],
    ["bytes that are not there", numbers(1, 1, 7, 0, 3, 1, 0, huge)],
    ["an array in an array, a million times", structs(any(repeated(million, bytes(117, 1))))],
    ["an object in an object, a million times", structs(any(repeated(million, bytes(118, 1, 0))))],
    ["deep JSON", structs(json("[".repeat(million) + "]".repeat(million)))],
    ["deep JSON that is cut off", structs(json('{"":'.repeat(million)))],
    ["JSON of quotes", structs(json(`"${'\\"'.repeat(million)}`))],
    ["a number without an end", new Uint8Array(million).fill(0x80)],
  ])("%s", (_name, update) => {
    const { counted, reads } = countReads(update);
    expect(decodeContents(counted).kind).toBe("malformed");
    // For each byte of a number, the reader asks for its value and for the length of the update.
    expect(reads()).toBeLessThan(3 * update.byteLength + 50);
  });
});

/** Far deeper than any real document, and a tenth of the depth that overflows a browser's stack. */
test("values may nest 400 deep, and not 1,000", () => {
  const nested = (depth: number) => [
    any(sequence(repeated(depth, bytes(117, 1)), bytes(126))),
    json("[".repeat(depth) + "]".repeat(depth)),
    item(
      2,
      sequence(bytes(1), (encoder) => encoding.writeVarString(encoder, "[".repeat(depth) + "]".repeat(depth))),
    ),
  ];
  for (const struct of nested(400)) expect(decodeContents(structs(struct)).kind).toBe("contents");
  for (const struct of nested(1_000)) expect(decodeContents(structs(struct)).kind).toBe("malformed");
});

test("brackets in a JSON string do not nest", () => {
  const value = JSON.stringify({ [`"${"[".repeat(1_000)}\\`]: "{".repeat(1_000) });
  expect(decodeContents(structs(json(value))).kind).toBe("contents");
});

/** The same bytes; `reads` counts the accesses to a byte or to the length. */
function countReads(update: Uint8Array): { counted: Uint8Array; reads: () => number } {
  let reads = 0;
  const counted = new Proxy(update, {
    get(target, key) {
      reads += 1;
      return Reflect.get(target, key, target);
    },
  });
  return { counted, reads: () => reads };
}
