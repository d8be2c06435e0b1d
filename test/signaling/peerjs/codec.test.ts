import { describe, expect, test } from "bun:test";
import {
  decode,
  decodeConnectParameters,
  encodeError,
  encodeExpire,
  encodeSignal,
  idTaken,
  open,
  type PeerJsSignal,
} from "../../../src/signaling/peerjs/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import { withSeeds } from "../../support/bytes/random.ts";

const depth = 32;
const encoder = new TextEncoder();

describe("the messages of clients", () => {
  const payload = { sdp: { type: "offer", sdp: "v=0\r\n" }, type: "data", connectionId: "dc_1" };

  test.each<[string, unknown, unknown]>([
    ["an offer", { type: "OFFER", dst: "bob", payload }, { type: "OFFER", dst: "bob", payload }],
    ["an answer", { type: "ANSWER", dst: "bob", payload: 1 }, { type: "ANSWER", dst: "bob", payload: 1 }],
    ["a candidate", { type: "CANDIDATE", dst: "b", payload: null }, { type: "CANDIDATE", dst: "b", payload: null }],
    ["a leave", { type: "LEAVE", dst: "bob" }, { type: "LEAVE", dst: "bob", payload: undefined }],
    ["a leave of everyone", { type: "LEAVE" }, { type: "LEAVE-ALL" }],
    ["a heartbeat", { type: "HEARTBEAT" }, { type: "HEARTBEAT" }],
    ["a heartbeat with more", { type: "HEARTBEAT", dst: 5 }, { type: "HEARTBEAT" }],
    ["an unknown type", { type: "BUMP", dst: "bob" }, { type: "unknown" }],
    ["a type of the server", { type: "EXPIRE", src: "a", dst: "bob" }, { type: "unknown" }],
    ["a type that objects have", { type: "constructor", dst: "bob" }, { type: "unknown" }],
    ["a type in lower case", { type: "offer", dst: "bob" }, { type: "unknown" }],
    ["a type that is no string", { type: ["OFFER"], dst: "bob" }, { type: "unknown" }],
    ["nothing", {}, { type: "unknown" }],
    ["a forged source", { type: "OFFER", src: "carol", dst: "b", payload: 1 }, { type: "OFFER", dst: "b", payload: 1 }],
  ])("%s is understood, as text and as bytes", (_, message, expected) => {
    const text = JSON.stringify(message);
    expect<unknown>(decode(text, depth)).toEqual(expected);
    expect<unknown>(decode(encoder.encode(text), depth)).toEqual(expected);
  });

  test.each<[string, string | Uint8Array]>([
    ["no JSON", "garbage"],
    ["null", "null"],
    ["a list", "[]"],
    ["a string", '"OFFER"'],
    ["an offer to nobody", '{"type":"OFFER"}'],
    ["an offer to a number", '{"type":"OFFER","dst":5}'],
    ["an answer to a list", '{"type":"ANSWER","dst":["bob"]}'],
    ["a leave of a number", '{"type":"LEAVE","dst":5}'],
    ["bytes that are no UTF-8", new Uint8Array([0xff, 0xfe])],
    ["33 levels", `{"type":"OFFER","dst":"b","payload":${"[".repeat(32)}${"]".repeat(32)}}`],
    ["30,000 levels", `{"type":"BUMP","a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`],
  ])("%s is malformed", (_, frame) => {
    expect(() => decode(frame, depth)).toThrow(SessionError);
  });

  test("32 levels are taken", () => {
    const frame = `{"type":"OFFER","dst":"b","payload":${"[".repeat(31)}${"]".repeat(31)}}`;
    expect(decode(frame, depth)).toMatchObject({ type: "OFFER" });
  });

  test("whatever comes is understood or malformed, and nothing else", () => {
    withSeeds(20, (random) => {
      const sound = '{"type":"OFFER","dst":"bob","payload":{"a":[1,"é",null]}}';
      for (let round = 0; round < 500; round += 1) {
        const at = random.integer(sound.length);
        const mutation = random.pick(["", "{", '"', "\\", "\u0000", "\ud800", ",", "}", "1e999"]);
        const frame = sound.slice(0, at) + mutation + sound.slice(at + random.integer(4));
        const read = (given: string | Uint8Array) => {
          try {
            return decode(given, depth).type;
          } catch (error) {
            if (error instanceof SessionError) return "malformed";
            throw error;
          }
        };
        expect(["OFFER", "unknown", "malformed"]).toContain(read(frame));
        expect(["OFFER", "unknown", "malformed"]).toContain(read(encoder.encode(frame)));
      }
    });
  });
});

describe("the parameters of a connection", () => {
  const decoded = (query: string) => decodeConnectParameters(new URL(`ws://localhost/peerjs/peerjs?${query}`));

  test("key, id and token, decoded, whatever else there is", () => {
    expect(decoded("key=peerjs&id=my%20id&token=a%2Bb&version=1.5.5")).toEqual({
      key: "peerjs",
      id: "my id",
      token: "a+b",
    });
  });

  test.each(["", "key=k&id=i", "key=k&token=t", "id=i&token=t", "key=&id=i&token=t", "key=k&id=&token=t"])(
    "%p lacks something",
    (query) => {
      expect(decoded(query)).toBeUndefined();
    },
  );
});

describe("the messages of the server", () => {
  test("have the texts that PeerJS expects", () => {
    expect(open).toBe('{"type":"OPEN"}');
    expect(idTaken).toBe('{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}');
    expect(encodeError('no "way"')).toBe('{"type":"ERROR","payload":{"msg":"no \\"way\\""}}');
    expect(encodeExpire({ src: "bob", dst: "alice" })).toBe('{"type":"EXPIRE","src":"bob","dst":"alice"}');
  });

  test("a signal has exactly type, src, dst and payload", () => {
    const signal: PeerJsSignal & { more: number } = { type: "OFFER", dst: "bob", payload: { a: 1 }, more: 2 };
    expect(encodeSignal(signal, "alice")).toBe('{"type":"OFFER","src":"alice","dst":"bob","payload":{"a":1}}');
    expect(encodeSignal({ type: "LEAVE", dst: "bob", payload: undefined }, "alice")).toBe(
      '{"type":"LEAVE","src":"alice","dst":"bob"}',
    );
  });
});
