import { describe, expect, test } from "bun:test";
import {
  decodeRosterMessage,
  encodeRosterMessage,
  type RosterMessage,
} from "../../../src/signaling/cluster/roster-codec.ts";

const entry = { id: "ada", at: 1_700_000_000_000, info: '{"name":"Ada"}' };

const messages: readonly RosterMessage[] = [
  { type: "joined", entry },
  { type: "left", id: "ada" },
  { type: "closed" },
  { type: "tell", isRepeated: true, names: ["red", "", "__proto__"] },
  { type: "tell", isRepeated: false, names: [] },
  {
    type: "told",
    rooms: [
      { name: "red", isOpen: true, entries: [entry, { ...entry, id: "bob", at: 0 }] },
      { name: "blue", isOpen: false, entries: [] },
    ],
  },
  { type: "published", payload: Uint8Array.of(1, 2, 3) },
  { type: "sent", receiver: "bob", payload: new Uint8Array() },
];

describe.each(messages)("%o", (message) => {
  const bytes = encodeRosterMessage(message);

  test("is read as it was written", () => {
    expect(decodeRosterMessage(bytes)).toEqual(message);
  });

  test("is read when a later release has written more behind it", () => {
    expect(decodeRosterMessage(Uint8Array.of(...bytes, 7, 7))).toEqual(message);
  });

  test("is ignored when it is cut short", () => {
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodeRosterMessage(bytes.subarray(0, length))).toBeUndefined();
    }
  });
});

test("a message of an unknown kind is ignored", () => {
  expect([1, 2, 15, 23, 127].map((kind) => decodeRosterMessage(Uint8Array.of(kind, 0, 0)))).toEqual([
    ...Array.from({ length: 5 }, () => undefined),
  ]);
});
