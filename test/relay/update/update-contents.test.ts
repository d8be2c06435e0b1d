import { describe, expect, test } from "bun:test";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { IdSet } from "../../../src/relay/update/id-set.ts";
import { DecodeError } from "../../../src/relay/update/strict-decoding.ts";
import { contentsOf, decodeContents } from "../../../src/relay/update/update-contents.ts";
import {
  any,
  bringing,
  bytes,
  gc,
  item,
  json,
  repeated,
  sequence,
  skip,
  string,
  subdocument,
  text,
  updateBytes,
  type Write,
} from "../../support/bytes/update-bytes.ts";

type Ranges = readonly (readonly [clock: number, length: number])[];

/** An update of client 7 from its first clock on. */
const structs = (...written: readonly Write[]) => updateBytes([{ client: 7, clock: 0, structs: written }]);
const deletes = (...ranges: Ranges) => updateBytes([], [{ client: 7, ranges }]);
const sections = (...clients: readonly number[]) =>
  updateBytes(clients.map((client) => ({ client, clock: 0, structs: [gc(1)] })));
const anyValue = (value: unknown): Write => {
  return (encoder) => encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1]);
};

const last = Number.MAX_SAFE_INTEGER;
const prototypeOfBytes = any(sequence(bytes(118, 1), string("__proto__"), bytes(116, 1, 5)));
const guidWithoutText = subdocument(anyValue({ guid: { toString: 1, valueOf: 1 } }));
/** A number that lib0 reads as 0 × ∞. */
const originNaN = sequence(bytes(0x84, 9), repeated(150, bytes(0x80)), bytes(0), string("a"));
const secondSection = updateBytes([
  { client: 5, clock: 0, structs: [gc(3)] },
  { client: 5, clock: 0, structs: [] },
]);

describe("an update brings", () => {
  test("the clocks of its structs, without those of a Skip", () => {
    const update = updateBytes([
      { client: 9, clock: 4, structs: [gc(2), skip(3), text("ab"), gc(1)] },
      { client: 8, clock: 0, structs: [skip(5), gc(1), skip(1)] },
    ]);
    expectSame(contentsOf(update).structs, clocks([9, 4, 6], [9, 9, 12], [8, 5, 6]));
  });

  test("its deletes, in whatever order of clients", () => {
    const update = updateBytes(
      [],
      [
        {
          client: 1,
          ranges: [
            [1, 2],
            [3, 1],
            [9, 4],
          ],
        },
        { client: 2, ranges: [] },
        { client: 9, ranges: [[0, 1]] },
      ],
    );
    expectSame(contentsOf(update).deletes, clocks([1, 1, 4], [1, 9, 13], [9, 0, 1]));
  });

  test("nothing when it has neither", () => {
    expect(contentsOf(Uint8Array.of(0, 0)).isEmpty).toBeTrue();
    expect(contentsOf(deletes([0, 1])).isEmpty).toBeFalse();
    expect(contentsOf(structs(gc(1))).isEmpty).toBeFalse();
  });

  test.each([
    ["deleted content: as many as it states", item(1, bytes(5)), 5],
    ["JSON values: one each", item(2, sequence(bytes(3), string("undefined"), string('{"a":[]}'), string("1"))), 3],
    ["binary: one", item(3, bytes(2, 255, 0)), 1],
    ["text: one per UTF-16 unit", text("né🦌"), 4],
    ["an embed: one", json('{"image":[1]}'), 1],
    ["formatting: one", item(6, sequence(string("bold"), string("true"))), 1],
    ["an XML element: one", item(7, sequence(bytes(3), string("p"))), 1],
    ["a map: one", item(7, bytes(1)), 1],
    ["any values: one each", item(8, bytes(2, 127, 125, 1)), 2],
    ["a subdocument: one", subdocument(anyValue({ autoLoad: true, meta: [1] })), 1],
    ["garbage: as many as it states", gc(3), 3],
  ])("as many clocks as its content is long, for %s", (_name, struct, length) => {
    const update = structs(struct);
    expectSame(contentsOf(update).structs, clocks([7, 0, length]));
    expect(Y.decodeUpdate(update).structs[0]?.length).toBe(length);
  });

  test("any value that lib0 writes", () => {
    const values = [undefined, null, 1, -(2 ** 40), 0.5, 1.1, 2n ** 40n, true, false, "é", { a: { b: 1 } }, [[2]]];
    const odd = [new Uint8Array(3), JSON.parse('{"__proto__":{"own":1}}'), JSON.parse('{"__proto__":1}')];
    for (const value of [...values, ...odd]) {
      expect(decodeContents(structs(any(anyValue(value)))).kind).toBe("contents");
    }
  });
});

describe("an update is malformed", () => {
  test.each<[name: string, update: Uint8Array, detail: string]>([
    ["without any bytes", new Uint8Array(), "decode"],
    ["that is cut off", structs(text("ab")).subarray(0, -2), "decode"],
    ["that is cut off before a struct", structs(gc(1)).subarray(0, -3), "unexpected end"],
    ["with trailing bytes", Uint8Array.of(0, 0, 0), "trailing bytes"],
    ["whose clients ascend", sections(1, 2), "not in descending order"],
    ["with two sections of a client", sections(2, 2), "not in descending order"],
    ["with a client without structs", structs(), "without structs"],
    ["with garbage of no clocks", structs(gc(0)), "empty range"],
    ["with a Skip of no clocks", structs(skip(0), gc(1)), "empty range"],
    ["with an empty text", structs(text("")), "empty range"],
    ["with deleted content of no clocks", structs(item(1, bytes(0))), "empty range"],
    ["with no any values", structs(item(8, bytes(0))), "empty range"],
    ["with no JSON values", structs(item(2, bytes(0))), "empty range"],
    ["with clocks beyond 2⁵³−1", structs(gc(1), gc(last)), "clock out of range"],
    ["with a client id beyond 2⁵³−1", sections(last + 1), "number out of range"],
    ["with a number padded until it reads as NaN", structs(originNaN), "number out of range"],
    ["whose item has itself as origin", structs(text("a", { origin: [7, 0] })), "refers to itself"],
    ["whose item has a later one as right origin", structs(text("ab", { rightOrigin: [7, 1] })), "a later item"],
    ["whose item is its own parent", structs(text("a", { parent: [7, 0] })), "refers to itself"],
    ["whose second item refers to a third", structs(gc(1), text("a", { origin: [7, 2] }), gc(1)), "a later item"],
    ["with an unknown content type", structs(item(11, bytes(1))), "content type"],
    ["with a Skip that has an item's flags", structs(item(10, bytes(1), { origin: [1, 0] })), "content type"],
    ["with an unknown shared type", structs(item(7, bytes(7))), "shared type"],
    ["with an unknown any value", structs(any(bytes(115))), "value type"],
    ["with text that is not UTF-8", structs(item(4, bytes(3, 0xed, 0xa0, 0x80))), "decode"],
    ["with an embed that is not JSON", structs(json("{")), "decode"],
    ["with an embed that is undefined", structs(json("undefined")), "decode"],
    ["with formatting that is not JSON", structs(item(6, sequence(string("bold"), string("tru")))), "decode"],
    ["with bytes as a prototype", structs(prototypeOfBytes), "prototype"],
    ["with a subdocument without options", structs(subdocument(anyValue(null))), "without options"],
    ["with a subdocument whose options name a guid", structs(guidWithoutText), "never writes"],
    ["with a subdocument whose options name a filter", structs(subdocument(anyValue({ gcFilter: 1 }))), "never writes"],
    ["that deletes no clocks", deletes([5, 0]), "empty range"],
    ["that deletes beyond 2⁵³−1", deletes([last, 1]), "clock out of range"],
    ["whose deletes descend", deletes([5, 1], [3, 1]), "not in ascending order"],
    ["whose deletes overlap", deletes([5, 2], [6, 1]), "not in ascending order"],
    [
      "with two lists of deletes of a client",
      updateBytes(
        [],
        [
          { client: 1, ranges: [[5, 1]] },
          { client: 1, ranges: [[7, 1]] },
        ],
      ),
      "second delete list",
    ],
  ])("%s", (_name, update, detail) => {
    expect(decodeContents(update)).toEqual({ kind: "malformed", detail: expect.stringContaining(detail) });
  });

  test("and then contentsOf throws a DecodeError with the reason", () => {
    expect(() => contentsOf(Uint8Array.of(0, 0, 0))).toThrow(new DecodeError("malformed Yjs update: trailing bytes"));
  });

  test("and the reason does not quote its content", () => {
    expect(JSON.stringify(decodeContents(structs(json("secret"))))).not.toContain("secret");
  });
});

describe("a malformed update that Yjs would decode harms", () => {
  const apply = (update: Uint8Array) => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update);
    return doc;
  };

  test.each([
    ["bytes as a prototype", prototypeOfBytes],
    ["the guid of a subdocument that is not a string", guidWithoutText],
  ])("every merge: %s", (_name, struct) => {
    const update = structs(struct);
    expect(Y.decodeUpdate(update).structs).toHaveLength(1);
    expect(() => Y.mergeUpdates([update, bringing(8, 0, 1)])).toThrow();
  });

  test.each([
    ["an origin of the same client that is not before the item", text("a", { origin: [7, 0] })],
    ["a number padded until it reads as NaN", originNaN],
  ])("every client: %s", (_name, struct) => {
    expect(Y.decodeUpdate(structs(struct)).structs).toHaveLength(1);
    expect(() => apply(structs(struct))).toThrow();
  });

  test("a document: deletes in descending order become other deletes while they are pending", () => {
    const pending = Y.decodeUpdate(Y.encodeStateAsUpdate(apply(deletes([50, 1], [3, 1])))).ds.clients.get(7) ?? [];
    expect(pending.map(({ clock }) => clock)).not.toContain(3);
  });

  test("a document: a second section of a client replaces the first", () => {
    expect(Y.decodeUpdate(secondSection).structs).toHaveLength(1);
    expect(apply(secondSection).store.clients.size).toBe(0);
    expect(decodeContents(secondSection).kind).toBe("malformed");
  });
});

function clocks(...entries: readonly (readonly [client: number, start: number, end: number])[]): IdSet {
  const set = new IdSet();
  for (const entry of entries) set.add(...entry);
  return set;
}

function expectSame(actual: IdSet, expected: IdSet): void {
  expect(actual.isWithin([expected])).toBeTrue();
  expect(expected.isWithin([actual])).toBeTrue();
}
