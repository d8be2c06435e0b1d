import { describe, expect, test } from "bun:test";
import * as Y from "yjs";
import { normalizeUpdate } from "../../../src/relay/update/normalize-update.ts";
import { decodeContents } from "../../../src/relay/update/update-contents.ts";
import { mutate, session } from "../../support/bytes/mutations.ts";
import { withSeeds } from "../../support/bytes/random.ts";
import { any, bytes, gc, item, sequence, skip, string, text, updateBytes } from "../../support/bytes/update-bytes.ts";

const shown = (update: Uint8Array) => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return doc.getText("root").toString();
};

describe("an update that Yjs reads, but would write differently today, is normalised when it has", () => {
  test.each<[string, Uint8Array, string]>([
    [
      "clients that ascend",
      updateBytes([
        { client: 1, clock: 0, structs: [text("a")] },
        { client: 2, clock: 0, structs: [text("b", { origin: [1, 0] })] },
      ]),
      "ab",
    ],
    ["trailing bytes", Uint8Array.of(...updateBytes([{ client: 1, clock: 0, structs: [text("a")] }]), 0, 0), "a"],
    [
      "deletes that descend",
      updateBytes(
        [{ client: 1, clock: 0, structs: [text("abcdef")] }],
        [
          {
            client: 1,
            ranges: [
              [3, 1],
              [0, 2],
            ],
          },
        ],
      ),
      "cef",
    ],
    [
      "no structs of a client",
      updateBytes([
        { client: 9, clock: 0, structs: [] },
        { client: 1, clock: 0, structs: [text("a")] },
      ]),
      "a",
    ],
  ])("%s", (_, update, expected) => {
    expect(decodeContents(update).kind).toBe("malformed");
    const normalized = normalizeUpdate(update);
    expect(normalized && decodeContents(normalized.update)).toEqual(normalized?.contents);
    expect(normalized && shown(normalized.update)).toBe(expected);
  });

  test("structs that wait for others", () => {
    const update = updateBytes([
      { client: 1, clock: 5, structs: [text("a", { origin: [1, 4] })] },
      { client: 2, clock: 3, structs: [skip(1), text("b", { origin: [1, 5] })] },
    ]);
    const before = updateBytes([
      { client: 2, clock: 0, structs: [gc(4)] },
      { client: 1, clock: 0, structs: [text("01234")] },
    ]);
    const normalized = normalizeUpdate(update);
    expect(normalized?.contents.kind).toBe("contents");
    expect(shown(Y.mergeUpdates([before, normalized?.update ?? before]))).toBe("01234ab");
  });
});

describe("not normalised is an update", () => {
  const structs = (...written: Parameters<typeof updateBytes>[0][0]["structs"][number][]) =>
    updateBytes([{ client: 7, clock: 0, structs: written }]);

  test.each<[string, Uint8Array]>([
    ["without bytes", new Uint8Array()],
    ["that is text", new TextEncoder().encode("Dear Ada, how are you?")],
    ["that is cut off", structs(text("abc")).subarray(0, -3)],
    ["that claims 4 billion structs", Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0x0f, 7, 0, 4)],
    ["at which Yjs throws", structs(text("a", { origin: [7, 0] }))],
    ["at which every merge throws", structs(any(sequence(bytes(118, 1), string("__proto__"), bytes(116, 1, 65))))],
    ["with NaN as a number", structs(item(4, string("a"), { origin: [7, Number.NaN] }))],
    [
      "of which Yjs reads a client's second section alone",
      updateBytes([
        { client: 7, clock: 0, structs: [text("a")] },
        { client: 7, clock: 1, structs: [text("b", { origin: [7, 0] })] },
      ]),
    ],
    [
      "of which deletes would become others",
      updateBytes(
        [],
        [
          {
            client: 7,
            ranges: [
              [50, 1],
              [3, 1],
            ],
          },
        ],
      ),
    ],
  ])("%s", (_, update) => {
    expect(decodeContents(update).kind).toBe("malformed");
    expect(normalizeUpdate(update)).toBeUndefined();
  });

  test("that would hold other clocks afterwards, whatever its bytes", () => {
    withSeeds(300, (random) => {
      const update = mutate(random, session(random));
      const normalized = normalizeUpdate(update);
      if (normalized === undefined) return;
      expect(decodeContents(normalized.update)).toEqual(normalized.contents);
      expect(shown(normalized.update)).toBe(shown(update));
    });
  });
});
