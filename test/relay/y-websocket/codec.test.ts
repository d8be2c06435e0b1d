import { describe, expect, test } from "bun:test";
import {
  type ClientMessage,
  decodeFrame,
  encodeMessage,
  type ServerMessage,
} from "../../../src/relay/y-websocket/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

const messages: readonly [string, string, ClientMessage & ServerMessage][] = [
  ["an empty hello", "00 00 01 00", { type: "sync-step-1", stateVector: bytes("00") }],
  ["an empty reply", "00 01 02 00 00", { type: "sync-step-2", update: bytes("00 00") }],
  ["an update", "00 02 03 01 02 03", { type: "update", update: bytes("01 02 03") }],
  ["an empty awareness", "01 01 00", { type: "awareness", body: bytes("00") }],
];

describe("the y-websocket codec", () => {
  test.each(messages)("decodes %s", (_, hex, message) => {
    expect(decodeFrame(bytes(hex))).toEqual(message);
  });

  test.each(messages)("encodes %s", (_, hex, message) => {
    expect(encodeMessage(message)).toEqual(bytes(hex));
  });

  test.each([16_384, 16_385, 70_000, 3_000_000])("encodes and decodes an update of %d bytes", (length) => {
    const update = new Uint8Array(length).fill(7);
    for (const type of ["sync-step-2", "update"] as const) {
      const frame = encodeMessage({ type, update });
      const decoded = decodeFrame(frame);
      expect(decoded.type).toBe(type);
      expect("update" in decoded && decoded.update).toEqual(update);
      expect(frame.byteLength).toBeLessThan(length + 8);
    }
  });

  test("decodes a query for awareness", () => {
    expect(decodeFrame(bytes("03"))).toEqual({ type: "query-awareness" });
  });

  test("encodes a denial as y-protocols' auth message", () => {
    expect(encodeMessage({ type: "permission-denied", reason: "no" })).toEqual(bytes("02 00 02 6e 6f"));
  });

  test.each([
    ["nothing", ""],
    ["a type that is not known", "07 00"],
    ["a type of several bytes", "80 01"],
    ["a message of a server", "02 00 00"],
    ["a sync message of a type that is not known", "00 03 00"],
  ])("does not know %s", (_, hex) => {
    expect(decodeFrame(bytes(hex))).toEqual({ type: "unknown" });
  });

  test("decodes several messages of one frame in their order", () => {
    expect(several("00 00 01 00 01 01 00 03 00 02 03 01 02 03")).toEqual([
      { type: "sync-step-1", stateVector: bytes("00") },
      { type: "awareness", body: bytes("00") },
      { type: "query-awareness" },
      { type: "update", update: bytes("01 02 03") },
    ]);
  });

  test("ends a frame at a message that it does not know, whose length is not known either", () => {
    expect(several("03 07 03 03")).toEqual([{ type: "query-awareness" }, { type: "unknown" }]);
  });

  test("decodes the messages before the one that is malformed", () => {
    const { messages } = severalOf(bytes("03 03 00"));
    const read: ClientMessage[] = [];
    expect(() => {
      for (const message of messages) read.push(message);
    }).toThrow(SessionError);
    expect(read).toEqual([{ type: "query-awareness" }, { type: "query-awareness" }]);
  });

  test("decodes 1,000 messages of one frame, and refuses one more", () => {
    expect([...severalOf(new Uint8Array(1_000).fill(3)).messages]).toHaveLength(1_000);
    expect(() => [...severalOf(new Uint8Array(1_001).fill(3)).messages]).toThrow(
      "more than 1000 messages in one frame",
    );
  });

  test("does not read beyond a frame that is a view of a longer buffer", () => {
    expect(() => decodeFrame(bytes("00 02 03 01 02 03").subarray(0, 4))).toThrow(SessionError);
    expect(() => decodeFrame(new Uint8Array(2_000).fill(2, 1).fill(0, 0, 1).subarray(0, 4))).toThrow(SessionError);
  });

  test.each([
    ["a sync message without a body", bytes("00 02")],
    ["a body shorter than it says", bytes("00 02 05 00")],
    ["an awareness message without a body", bytes("01")],
    ["a number that does not end", bytes("ff ff ff ff ff ff ff ff ff ff")],
    ["a body of 2^53 bytes", bytes("00 02 ff ff ff ff ff ff ff 0f")],
  ])("refuses %s as malformed", (_, frame) => {
    expect(() => decodeFrame(frame)).toThrow(SessionError);
  });
});

function severalOf(frame: Uint8Array) {
  const content = decodeFrame(frame);
  if (content.type !== "several") throw new Error(`one message: ${content.type}`);
  return content;
}

function several(hex: string): readonly ClientMessage[] {
  return [...severalOf(bytes(hex)).messages];
}
