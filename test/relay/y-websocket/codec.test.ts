import { describe, expect, test } from "bun:test";
import { type ClientMessage, decodeMessage, encodeMessage } from "../../../src/relay/y-websocket/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

const messages: readonly [string, string, ClientMessage][] = [
  ["an empty hello", "00 00 01 00", { type: "sync-step-1", stateVector: bytes("00") }],
  ["an empty reply", "00 01 02 00 00", { type: "sync-step-2", update: bytes("00 00") }],
  ["an update", "00 02 03 01 02 03", { type: "update", update: bytes("01 02 03") }],
  ["an empty awareness", "01 01 00", { type: "awareness", body: bytes("00") }],
];

describe("the y-websocket codec", () => {
  test.each(messages)("decodes %s", (_, hex, message) => {
    expect(decodeMessage(bytes(hex))).toEqual(message);
  });

  test.each(messages)("encodes %s", (_, hex, message) => {
    if (message.type === "query-awareness") throw new Error("a server does not say this");
    expect(encodeMessage(message)).toEqual(bytes(hex));
  });

  test("decodes a query for awareness", () => {
    expect(decodeMessage(bytes("03"))).toEqual({ type: "query-awareness" });
  });

  test("encodes a denial as y-protocols' auth message", () => {
    expect(encodeMessage({ type: "permission-denied", reason: "no" })).toEqual(bytes("02 00 02 6e 6f"));
  });

  test.each([
    ["text", "hello"],
    ["nothing", bytes("")],
    ["an unknown message", bytes("07 00")],
    ["a server's message", bytes("02 00 00")],
    ["an unknown sync message", bytes("00 03 00")],
    ["a sync message without a body", bytes("00 02")],
    ["a body shorter than it says", bytes("00 02 05 00")],
    ["left-over bytes", bytes("00 02 00 00")],
    ["a number that does not end", bytes("ff ff ff ff ff ff ff ff ff ff")],
    ["a body of 2^53 bytes", bytes("00 02 ff ff ff ff ff ff ff 0f")],
  ])("refuses %s as malformed", (_, frame) => {
    expect(() => decodeMessage(frame)).toThrow(SessionError);
  });
});
