import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { FastUpdate } from "../../../../src/relay/update/fast/fast-update.ts";
import { contentsOf, decodeContents } from "../../../../src/relay/update/update-contents.ts";
import { bytes, deleting, gc, item, skip, string, text, updateBytes } from "../../../support/bytes/update-bytes.ts";
import { shownContents } from "../../../support/bytes/y-doc-facts.ts";

const found = new FastUpdate();
const isRead = (update: Uint8Array) => found.read(update, 0, update.byteLength);
const withStruct = (...structs: Parameters<typeof updateBytes>[0][number]["structs"]) =>
  updateBytes([{ client: 9, clock: 5, structs }]);
const hello = text("hello", { origin: [9, 4] });

describe("it reads", () => {
  test.each<[name: string, update: Uint8Array]>([
    ["a text at the begin of a root type", withStruct(text("a"))],
    ["a text in a nested type", withStruct(text("a", { parent: [9, 4] }))],
    ["a text behind another", withStruct(hello)],
    ["a text before another", withStruct(text("a", { rightOrigin: [12, 70_000] }))],
    ["a text between others", withStruct(text("a", { origin: [9, 4], rightOrigin: [2 ** 48, 2 ** 28 - 1] }))],
    ["characters of one to four bytes", withStruct(text("aé漢😀\ufeff"))],
    ["a root type with such a name", withStruct(text("a", { parent: "é漢😀" }))],
    ["a text of more than 127 bytes", withStruct(text("long ".repeat(100)))],
    ["a deleted range", deleting(7, 3, 300)],
    [
      "a text and a deleted range",
      updateBytes([{ client: 9, clock: 5, structs: [hello] }], [{ client: 9, ranges: [[1, 2]] }]),
    ],
  ])("%s", (_name, update) => {
    expect(isRead(update)).toBeTrue();
    expect(shownContents(found.contents())).toEqual(shownContents(contentsOf(update)));
  });

  test("an update in the middle of a frame, and tells offsets in the frame", () => {
    const update = updateBytes([{ client: 9, clock: 5, structs: [hello] }], [{ client: 8, ranges: [[1, 2]] }]);
    const frame = Uint8Array.of(0, 2, update.byteLength, ...update, 1, 2, 3);
    expect(found.read(frame, 3, 3 + update.byteLength)).toBeTrue();
    expect(found).toMatchObject({ start: 3, client: 9, clock: 5, endClock: 10, originClient: 9, originClock: 4 });
    expect(found).toMatchObject({ rightClient: -1, deletedClient: 8, deletedClock: 1, deletedEndClock: 3 });
    expect(new TextDecoder().decode(frame.subarray(found.textOffset, found.textEndOffset))).toBe("hello");
    expect(frame[found.lengthOffset]).toBe(5);
    expect(frame[found.structOffset]).toBe(0x84);
    expect(shownContents(found.contents())).toEqual(shownContents(contentsOf(update)));
  });

  test("what Yjs writes for a keystroke", () => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    doc.getText().insert(0, "a");
    doc.getText().insert(1, "😀");
    doc.getText().delete(0, 1);
    expect(updates.map(isRead)).toEqual([true, true, true]);
  });
});

describe("it leaves to the strict reader", () => {
  test.each<[name: string, update: Uint8Array]>([
    ["no bytes", new Uint8Array()],
    ["an empty update", Uint8Array.of(0, 0)],
    ["a clock of more than 28 bits", withStruct(text("a", { rightOrigin: [12, 2 ** 28] }))],
    ["a deleted clock of more than 28 bits", deleting(12, 2 ** 28, 2 ** 28 + 1)],
    ["two structs", withStruct(hello, hello)],
    ["two clients", updateBytes([9, 8].map((client) => ({ client, clock: 0, structs: [text("a")] })))],
    [
      "two deleted ranges",
      updateBytes(
        [],
        [
          {
            client: 9,
            ranges: [
              [0, 1],
              [4, 1],
            ],
          },
        ],
      ),
    ],
    [
      "two clients of deletes",
      updateBytes(
        [],
        [8, 9].map((client) => ({ client, ranges: [[0, 1]] as const })),
      ),
    ],
    ["a text in a map", withStruct(text("a", { parent: "map", key: "key" }))],
    ["a text in a map, behind another", withStruct(text("a", { origin: [9, 4], key: "key" }))],
    ["a deleted text", withStruct(item(1, bytes(3)))],
    ["garbage", withStruct(gc(3))],
    ["a gap", withStruct(skip(3))],
    ["another type of content", withStruct(item(5, string('{"image":1}')))],
    ["an empty text", withStruct(text(""))],
    ["an empty deleted range", deleting(7, 3, 3)],
    ["a reference to itself", withStruct(text("a", { origin: [9, 5] }))],
    ["a right origin of its own that is later", withStruct(text("a", { origin: [9, 4], rightOrigin: [9, 6] }))],
    ["a parent that is later", withStruct(text("a", { parent: [9, 5] }))],
    ["half a surrogate pair", withStruct(item(4, bytes(3, 0xed, 0xa0, 0xbd)))],
    ["a text that ends within a character", withStruct(item(4, bytes(1, 0xc3)))],
    ["a root type whose name is not UTF-8", withStruct(text("a", { parent: "x" })).with(7, 0xff)],
    ["more than 1 kB", withStruct(text("long ".repeat(1000)))],
    ["numbers beyond 49 bits", deleting(2 ** 50, 0, 1)],
    ["a number with leading zeros", Uint8Array.of(0, 1, 0x87, 0, 1, 0, 1)],
    ["trailing bytes", Uint8Array.of(...deleting(7, 0, 1), 0)],
  ])("%s", (_name, update) => {
    expect(isRead(update)).toBeFalse();
  });

  test("every beginning of an update", () => {
    const update = updateBytes(
      [{ client: 300, clock: 5, structs: [text("aé漢😀")] }],
      [{ client: 8, ranges: [[1, 2]] }],
    );
    for (let end = 0; end < update.byteLength; end += 1) {
      expect(found.read(update, 0, end)).toBeFalse();
      expect(found.read(update.slice(0, end), 0, update.byteLength)).toBeFalse();
      expect(decodeContents(update.slice(0, end)).kind).toBe("malformed");
    }
    expect(isRead(update)).toBeTrue();
  });
});
