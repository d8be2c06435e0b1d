import { describe, expect, test } from "bun:test";
import { type ClientMessage, decodeAddress, decodeMessage } from "../../../src/relay/hocuspocus/codec.ts";
import { hocuspocusEncoding } from "../../../src/relay/hocuspocus/encoding.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { framed, inWords } from "../../support/bytes/hocuspocus-frames.ts";

const bytes = (hex: string) => Uint8Array.fromHex(hex.replaceAll(" ", ""));

describe("an address", () => {
  test("is the document's name", () => {
    expect(decodeAddress(bytes("03 64 6f 63 00"), 256)).toEqual({ address: "doc", offset: 4 });
  });

  test("keeps what follows the name", () => {
    expect(decodeAddress(bytes("05 64 6f 63 00 37 00"), 256)).toEqual({ address: "doc\x007", offset: 6 });
  });

  test.each([
    ["nothing", ""],
    ["no message", "03 64 6f 63"],
    ["a length beyond the frame", "09 64 6f 63 00"],
    ["a length that does not end", "ff ff ff ff ff ff ff ff ff ff"],
    ["no UTF-8", "02 c3 28 00"],
    ["more than the limit", `a0 ${"61".repeat(4)}`],
  ])("with %s is malformed", (_, hex) => {
    expect(() => decodeAddress(bytes(hex), 20)).toThrow(SessionError);
  });
});

const messages: readonly [string, string, ClientMessage][] = [
  ["SyncStep1", "00 00 01 00", { type: "sync-step-1", stateVector: bytes("00") }],
  ["SyncStep2", "00 01 02 00 00", { type: "sync-step-2", update: bytes("00 00") }],
  ["an update", "00 02 03 01 02 03", { type: "update", update: bytes("01 02 03") }],
  ["awareness", "01 01 00", { type: "awareness", body: bytes("00") }],
  ["a token", "02 00 02 61 62", { type: "authentication", token: "ab" }],
  ["no token", "02 00 00", { type: "authentication", token: "" }],
  ["a token and a version", "02 00 02 61 62 05 34 2e 38 2e 30", { type: "authentication", token: "ab" }],
  ["a query for awareness", "03", { type: "query-awareness" }],
  ["a stateless message", "05 02 68 69", { type: "stateless", payload: "hi" }],
  ["a close", "07", { type: "close" }],
  ["a close with a reason", "07 02 6e 6f", { type: "close" }],
];

describe("the Hocuspocus codec", () => {
  test.each(messages)("decodes %s", (_, hex, message) => {
    expect(decodeMessage(bytes(`03 64 6f 63 ${hex}`), 4)).toEqual(message);
  });

  test.each([
    ["a type that is not known", "0b"],
    ["a sync reply between servers", "04 00 01 00"],
    ["a status of a server", "08 01"],
    ["a denial of a server", "02 01 02 6e 6f"],
    ["a sync message of a type that is not known", "00 03 00"],
  ])("does not know %s", (_, hex) => {
    expect(decodeMessage(bytes(`03 64 6f 63 ${hex}`), 4)).toEqual({ type: "unknown" });
  });

  test.each([
    ["an update", "00 02 03 01 02 03", { type: "update", update: bytes("01 02 03") }],
    ["a token and a version", "02 00 02 61 62 05 34 2e 38 2e 30", { type: "authentication", token: "ab" }],
    ["a query for awareness", "03", { type: "query-awareness" }],
  ])("ignores the fields that a newer provider appends to %s", (_, hex, message) => {
    expect(decodeMessage(bytes(`03 64 6f 63 ${hex} 02 68 69`), 4)).toEqual(message as ClientMessage);
  });

  test.each([
    ["a broadcast between servers", "06 02 68 69"],
    ["a sync message without a body", "00 02"],
    ["a body shorter than it says", "00 02 05 00"],
    ["a token that is no text", "02 00 02 c3 28"],
  ])("refuses %s as malformed", (_, hex) => {
    expect(() => decodeMessage(bytes(`03 64 6f 63 ${hex}`), 4)).toThrow(SessionError);
  });

  test.each(["doc", "doc\0session", "Übersicht/1"])("encodes with the address %j", (address) => {
    const encoding = hocuspocusEncoding(address);
    const body = bytes("01 02 03");
    const large = new Uint8Array(70_000).fill(7);
    const frames: readonly (readonly [Uint8Array, Uint8Array])[] = [
      [encoding.syncStep1(body), framed(address, 0, 0, body)],
      [encoding.syncStep2(body), framed(address, 0, 1, body)],
      [encoding.update(body), framed(address, 0, 2, body)],
      [encoding.update(large), framed(address, 0, 2, large)],
      [encoding.awareness(body), framed(address, 1, body)],
      [encoding.queryAwareness, framed(address, 3)],
      [encoding.stateless("hallo"), framed(address, 5, "hallo")],
      [encoding.authenticated("write"), framed(address, 2, 2, "read-write")],
      [encoding.authenticated("read"), framed(address, 2, 2, "readonly")],
      [encoding.denied("no"), framed(address, 2, 1, "no")],
      [encoding.tokenRequest, framed(address, 2, 0)],
      [encoding.applied, framed(address, 8, 1)],
      [encoding.refused, framed(address, 8, 0)],
    ];
    for (const [written, expected] of frames) expect(written).toEqual(expected);
  });

  test.each([127, 128, 16_383, 16_384, 2_097_152])("writes the length of a body of %i bytes as lib0 does", (length) => {
    const update = new Uint8Array(length);
    expect(hocuspocusEncoding("doc").update(update)).toEqual(framed("doc", 0, 2, update));
  });

  test("is put into words by the tests' own reader", () => {
    expect(inWords(hocuspocusEncoding("doc\0s").denied("no"))).toBe("doc#s: denied no");
  });
});
