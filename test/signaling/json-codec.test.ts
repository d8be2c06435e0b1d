import { describe, expect, test } from "bun:test";
import * as prng from "lib0/prng";
import { BoundExceeded, decodeJson } from "../../src/signaling/json-codec.ts";
import { closeReasons, SessionError } from "../../src/transport/close-reason.ts";

const depth = 32;

/** A message whose deepest value is a list at that level; the message itself is level 1. */
function nested(levels: number): string {
  return `{"type":"publish","topic":"x","data":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
}

describe("a frame", () => {
  test.each(["{}", '{"type":7}', ' {"a" : [1e3,-0,"\\u00e9\\ud83d",{}] }\n', '{"__proto__":{"type":"ping"}}'])(
    "%s is what it says, and its own text",
    (text) => {
      expect(decodeJson(text, depth)).toEqual({ text, fields: JSON.parse(text) });
    },
  );

  test("may be binary", () => {
    const text = '{"type":"subscribe","topics":["日本語"]}';
    expect(decodeJson(new TextEncoder().encode(text), depth)).toEqual({ text, fields: JSON.parse(text) });
  });

  test.each([
    ["", "not JSON"],
    ["hello", "not JSON"],
    ['{"type":"ping"', "not JSON"],
    ['\ufeff{"type":"ping"}', "not JSON"],
    [new Uint8Array([0, 1, 2, 255]), "not JSON"],
    [new Uint8Array([0x22, 0xff, 0x22]), "not JSON"],
    [new Uint8Array(0), "not JSON"],
    ["null", "not a JSON object"],
    ["7", "not a JSON object"],
    ['"ping"', "not a JSON object"],
    ['[{"type":"ping"}]', "not a JSON object"],
  ])("%j is malformed", (frame, detail) => {
    expect(thrownBy(frame)).toMatchObject({ reason: closeReasons.malformedFrame, message: detail });
  });

  test.each([nested(33), nested(30_000), `{"x":${'{"x":'.repeat(40)}1${"}".repeat(40)}}`])(
    "may not be nested deeper than the limit",
    (frame) => {
      const error = thrownBy(frame);
      expect(error).toBeInstanceOf(BoundExceeded);
      expect(error).toMatchObject({ reason: closeReasons.malformedFrame, bound: "json-depth" });
    },
  );

  test("may be nested as deep as the limit", () => {
    expect(decodeJson(nested(32), depth).text).toBe(nested(32));
  });

  test("is understood or malformed, whatever its bytes", () => {
    const random = prng.create(4444);
    const sound = new TextEncoder().encode('{"type":"publish","topic":"a","data":{"n":[1,"\\u00e9",null]},"x":1e3}');
    for (let round = 0; round < 5_000; round += 1) {
      const frame = sound.slice(0, prng.uint32(random, 1, sound.length));
      for (let flips = prng.uint32(random, 0, 3); flips > 0; flips -= 1) {
        frame[prng.uint32(random, 0, frame.length - 1)] = prng.uint32(random, 0, 255);
      }
      const error = thrownBy(frame);
      if (error !== undefined && !(error instanceof SessionError)) {
        throw new Error(`round ${round} of seed 4444`, { cause: error });
      }
    }
  });
});

function thrownBy(frame: string | Uint8Array): unknown {
  try {
    decodeJson(frame, depth);
    return undefined;
  } catch (error) {
    return error;
  }
}
