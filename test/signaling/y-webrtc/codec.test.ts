import { describe, expect, test } from "bun:test";
import * as prng from "lib0/prng";
import { decode, encodePublished, pong } from "../../../src/signaling/y-webrtc/codec.ts";
import { closeReasons, SessionError } from "../../../src/transport/close-reason.ts";

const limits = { jsonDepth: 32, topicsPerFrame: 3 };

/** A publish whose deepest value is a list at that level; the message itself is level 1. */
function nested(levels: number): string {
  return `{"type":"publish","topic":"x","data":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
}

describe("a frame", () => {
  test.each([
    ['{"type":"subscribe","topics":["a","b"]}', { type: "subscribe", topics: ["a", "b"] }],
    ['{"type":"subscribe"}', { type: "subscribe", topics: [] }],
    ['{"type":"subscribe","topics":[]}', { type: "subscribe", topics: [] }],
    ['{"type":"unsubscribe","topics":["__proto__"]}', { type: "unsubscribe", topics: ["__proto__"] }],
    ['{"type":"ping"}', { type: "ping" }],
    ['{"type":"ping","topics":5}', { type: "ping" }],
    ['{"type":"bump"}', { type: "unknown" }],
    ['{"type":7}', { type: "unknown" }],
    ["{}", { type: "unknown" }],
    ['{"__proto__":{"type":"ping"}}', { type: "unknown" }],
  ])("%s is understood", (frame, message) => {
    expect(decode(frame, limits)).toEqual(message as ReturnType<typeof decode>);
  });

  test("may name as many topics as the limit", () => {
    expect(decode('{"type":"subscribe","topics":["a","b","c"]}', limits)).toEqual({
      type: "subscribe",
      topics: ["a", "b", "c"],
    });
  });

  test("of a publish keeps all its members", () => {
    expect(decode('{"type":"publish","topic":"a","data":{"n":[1,null]},"extra":true}', limits)).toEqual({
      type: "publish",
      topic: "a",
      published: { type: "publish", topic: "a", data: { n: [1, null] }, extra: true },
    });
  });

  test("may be binary, as with upstream", () => {
    const frame = new TextEncoder().encode('{"type":"subscribe","topics":["日本語"]}');
    expect(decode(frame, limits)).toEqual({ type: "subscribe", topics: ["日本語"] });
  });

  test.each([
    ["", "not JSON"],
    ["hello", "not JSON"],
    ['{"type":"ping"', "not JSON"],
    [new Uint8Array([0, 1, 2, 255]), "not JSON"],
    [new Uint8Array([0x22, 0xff, 0x22]), "not JSON"],
    [new Uint8Array(0), "not JSON"],
    ["null", "not a JSON object"],
    ["7", "not a JSON object"],
    ['"ping"', "not a JSON object"],
    ['[{"type":"ping"}]', "not a JSON object"],
    ['{"type":"subscribe","topics":5}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":null}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":"a"}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":{"length":1,"0":"a"}}', "the topics are not a list of strings"],
    ['{"type":"unsubscribe","topics":["a",5]}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":["a","a","a","a"]}', "more than 3 topics in one frame"],
    ['{"type":"publish","data":1}', "the topic is not a string"],
    ['{"type":"publish","topic":5}', "the topic is not a string"],
    ['{"type":"publish","topic":["a"]}', "the topic is not a string"],
    [nested(33), "nested deeper than 32"],
    [`{"type":"bump","x":${'{"x":'.repeat(40)}1${"}".repeat(40)}}`, "nested deeper than 32"],
    [nested(30_000), "nested deeper than 32"],
  ])("%j is malformed", (frame, detail) => {
    let thrown: unknown;
    try {
      decode(frame, limits);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SessionError);
    expect(thrown).toMatchObject({ reason: closeReasons.malformedFrame, message: detail });
  });

  test("may be nested as deep as the limit", () => {
    expect(decode(nested(32), limits).type).toBe("publish");
  });

  test("is understood or malformed, whatever its bytes", () => {
    const random = prng.create(4444);
    const sound = new TextEncoder().encode('{"type":"publish","topic":"a","data":{"n":[1,"\\u00e9",null]},"x":1e3}');
    for (let round = 0; round < 5_000; round += 1) {
      const frame = sound.slice(0, prng.uint32(random, 1, sound.length));
      for (let flips = prng.uint32(random, 0, 3); flips > 0; flips -= 1) {
        frame[prng.uint32(random, 0, frame.length - 1)] = prng.uint32(random, 0, 255);
      }
      try {
        decode(frame, limits);
      } catch (error) {
        if (!(error instanceof SessionError)) throw new Error(`round ${round} of seed 4444`, { cause: error });
      }
    }
  });
});

describe("a published message", () => {
  /** What the receivers of this frame get when the topic has 3 subscribers. */
  function forwarded(frame: string): unknown {
    const message = decode(frame, limits);
    if (message.type !== "publish") throw new Error("not a publish");
    return encodePublished(message.published, 3);
  }

  test("is forwarded with all its members and the number of subscribers", () => {
    expect(forwarded('{"type":"publish","topic":"a","data":"c2VjcmV0","extra":{"n":1}}')).toBe(
      '{"type":"publish","topic":"a","data":"c2VjcmV0","extra":{"n":1},"clients":3}',
    );
  });

  test("cannot choose the number of subscribers", () => {
    expect(forwarded('{"type":"publish","clients":"many","topic":"a"}')).toBe(
      '{"type":"publish","clients":3,"topic":"a"}',
    );
  });

  test("keeps a member named __proto__", () => {
    expect(forwarded('{"type":"publish","topic":"a","__proto__":{"clients":9}}')).toBe(
      '{"type":"publish","topic":"a","__proto__":{"clients":9},"clients":3}',
    );
  });
});

test("a pong is what lib0's client waits for", () => {
  expect(pong).toBe('{"type":"pong"}');
});
