import { describe, expect, test } from "bun:test";
import {
  type AnnouncedId,
  decodeMessage,
  encodeLists,
  encodeMessage,
  type NodeMessage,
} from "../../../src/signaling/directed/directed-codec.ts";

const stamp = { at: 1_780_000_000_123, node: "n-1" };
const opened = { id: "é", stamp, proof: Uint8Array.of(1, 2), groups: ["g", "h"] };
const mail = { sender: "a", receiver: "b", address: "192.0.2.1", frame: '{"type":"OFFER"}', needsConnection: false };

describe("a message between nodes", () => {
  test.each<[string, Exclude<NodeMessage, { type: "list" }>]>([
    ["opened", { type: "opened", opened, replaces: [stamp, { at: 2, node: "n-2" }] }],
    ["closed", { type: "closed", id: "x", stamp }],
    ["list-request", { type: "list-request" }],
    ["mail", { type: "mail", mail }],
    ["returned", { type: "returned", mail: { ...mail, needsConnection: true } }],
    ["recall", { type: "recall", receiver: "b", number: 7 }],
    ["recalled", { type: "recalled", receiver: "b", number: 7 }],
  ])("%s is read as it was written, also with more at its end", (_, message) => {
    const bytes = encodeMessage(message);
    expect(decodeMessage(bytes)).toEqual(message);
    expect(decodeMessage(Uint8Array.of(...bytes, 9, 9))).toEqual(message);
    expect(decodeMessage(bytes.subarray(0, bytes.length - 1))).not.toEqual(message);
  });

  test("of an unknown type is not read", () => {
    for (const bytes of [[], [1], [99, 1, 2, 3]]) expect(decodeMessage(Uint8Array.from(bytes))).toBeUndefined();
  });
});

describe("a list of ids", () => {
  const read = (ids: readonly AnnouncedId[]) =>
    encodeLists(ids).map((bytes) => {
      const message = decodeMessage(bytes);
      if (message?.type !== "list") throw new Error("no list");
      expect(bytes.byteLength).toBeLessThan(70_000);
      return message;
    });

  test("without ids is one message", () => {
    expect(read([])).toEqual([{ type: "list", isFirst: true, isLast: true, ids: [] }]);
  });

  test("of many ids is several messages", () => {
    const ids = Array.from({ length: 5_000 }, (_, index) => ({ ...opened, id: `id ${index}` }));
    const lists = read(ids);
    expect(lists.length).toBeGreaterThan(3);
    expect(lists.map(({ isFirst }) => isFirst)).toEqual(lists.map((_, index) => index === 0));
    expect(lists.map(({ isLast }) => isLast)).toEqual(lists.map((_, index) => index === lists.length - 1));
    expect(lists.flatMap((list) => list.ids)).toEqual(ids);
  });
});
