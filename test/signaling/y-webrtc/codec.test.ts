import { describe, expect, test } from "bun:test";
import { BoundExceeded, decodeJson } from "../../../src/signaling/json-codec.ts";
import { type ClientMessage, decode, encodePublished, isYWebrtc, pong } from "../../../src/signaling/y-webrtc/codec.ts";
import { closeReasons, SessionError } from "../../../src/transport/close-reason.ts";

const read = (frame: string): ClientMessage => decode(decodeJson(frame, 32), 3);
const published = (from?: string, to?: string, isAnnouncement = false) =>
  ({ type: "publish", topic: "a", from, to, isAnnouncement }) as const;
/** A published message is decoded together with the message that is forwarded. */
const withReceived = (frame: string, message: Expected) =>
  message.type === "publish" ? { ...message, received: decodeJson(frame, 32) } : message;

type Expected = ReturnType<typeof published> | Exclude<ClientMessage, { type: "publish" }>;

describe("a message", () => {
  test.each<[string, Expected]>([
    ['{"type":"subscribe","topics":["a","b","c"]}', { type: "subscribe", topics: ["a", "b", "c"] }],
    ['{"type":"subscribe"}', { type: "subscribe", topics: [] }],
    ['{"type":"subscribe","topics":[]}', { type: "subscribe", topics: [] }],
    ['{"type":"unsubscribe","topics":["__proto__"]}', { type: "unsubscribe", topics: ["__proto__"] }],
    ['{"type":"ping"}', { type: "ping" }],
    ['{"type":"ping","topics":5}', { type: "ping" }],
    ['{"type":"publish","topic":"a"}', published()],
    ['{"type":"publish","topic":"a","data":"bm90IGZvciB5b3U="}', published()],
    ['{"type":"publish","topic":"a","data":null}', published()],
    ['{"type":"publish","topic":"a","data":[{"to":"b"}]}', published()],
    ['{"type":"publish","topic":"a","data":{"from":1,"to":null}}', published()],
    ['{"type":"publish","topic":"a","data":{"type":"announce","from":"x"}}', published("x", undefined, true)],
    ['{"type":"publish","topic":"a","data":{"type":"announce","from":1}}', published()],
    ['{"type":"publish","topic":"a","data":{"type":"announced","from":"x"}}', published("x")],
    ['{"type":"publish","topic":"a","data":{"type":"signal","from":"x","to":"y"}}', published("x", "y")],
    ['{"type":"publish","topic":"a","data":{"type":"announce","from":"x","to":"y"}}', published("x", "y")],
    ['{"type":"bump"}', { type: "unknown" }],
    ['{"type":7}', { type: "unknown" }],
    ["{}", { type: "unknown" }],
    ['{"__proto__":{"type":"ping"}}', { type: "unknown" }],
  ])("%s is understood", (frame, message) => {
    expect(read(frame)).toEqual(withReceived(frame, message));
    expect(isYWebrtc(decodeJson(frame, 32).fields)).toBe(message.type !== "unknown");
  });

  test.each([
    ['{"type":"subscribe","topics":5}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":null}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":"a"}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":{"length":1,"0":"a"}}', "the topics are not a list of strings"],
    ['{"type":"unsubscribe","topics":["a",5]}', "the topics are not a list of strings"],
    ['{"type":"subscribe","topics":["a","a","a","a"]}', "limits.topics-per-frame: more than 3"],
    ['{"type":"publish","data":1}', "the topic is not a string"],
    ['{"type":"publish","topic":5}', "the topic is not a string"],
    ['{"type":"publish","topic":["a"]}', "the topic is not a string"],
  ])("%s is malformed", (frame, detail) => {
    const error = thrownBy(frame);
    expect(error).toBeInstanceOf(SessionError);
    expect(error).toMatchObject({ reason: closeReasons.malformedFrame, message: detail });
    expect(error instanceof BoundExceeded).toBe(detail.startsWith("limits."));
  });
});

describe("an encrypted message", () => {
  // These are an announcement and a signal without content, encrypted by y-webrtc 10.3.0.
  const announcement =
    "B0FFUy1HQ00M0cjoCJ5GvtQikr+STJws5ePt/lcxDJxjy+AA6b9Ug5QCMGHSZdpjrNooui0nhe5UcWnZTdNZvRj5eqbEDkVwFHw+GKhvGMruN9fTvnhEPR6Cv/2PKcMui9o=";
  const signal =
    "B0FFUy1HQ00MpKM97pS28VQvMxg4hwGDghw7r6jm5iikii9UmBDoR7mwl4lupwIu8LVZuI3N/9qv7t9kXYhUo9EbtnGPBiDO/f3lTUDS57/CaPglGeIVQ5Gc1i8daYIOJqPkFJ2+zjOf1C4Z5BOSL1zxEzbPJM0bRos4CHUIw1cL15ODPBBg0U1DTSmcKGFDTDmN0tYKMO3fIhEk/II=";

  test.each([
    [announcement, true],
    [signal, false],
    [announcement.replace("B0FF", "B0FG"), false],
    [announcement.slice(0, -4), false],
  ])("%s announces a peer: %p", (data, isAnnouncement) => {
    const frame = JSON.stringify({ type: "publish", topic: "a", data });
    expect(read(frame)).toEqual(withReceived(frame, published(undefined, undefined, isAnnouncement)));
  });
});

describe("a published message", () => {
  /** The text that the receivers of this frame get when the topic has 3 subscribers. */
  const forwarded = (frame: string): string => encodePublished(decodeJson(frame, 32), 3);

  test.each([
    '{"type":"publish","topic":"a","data":"c2VjcmV0","extra":{"n":1}',
    '{"type":"publish","topic":"a","data":{"sdp":"v=0\\r\\n}\\u00e9\\ud83d"},"n":-0,"n":1E2',
    ' { "type" : "publish", "topic" : "a", "__proto__" : {"clients":9} ',
  ])("is forwarded as it came, with the number of subscribers: %s", (head) => {
    expect(forwarded(`${head}} \n`)).toBe(`${head},"clients":3}`);
  });

  test.each([
    '{"type":"publish","clients":"many","topic":"a"}',
    '{"clients":1,"type":"publish","clients":2,"topic":"a","\\u0063lients":9}',
  ])("cannot choose the number of subscribers: %s", (frame) => {
    const text = forwarded(frame);
    expect(JSON.parse(text)).toEqual({ type: "publish", topic: "a", clients: 3 });
    expect(text.match(/clients/g)).toHaveLength(1);
  });
});

test("a pong has the form that lib0's client waits for", () => {
  expect(pong).toBe('{"type":"pong"}');
});

function thrownBy(frame: string): unknown {
  try {
    return read(frame);
  } catch (error) {
    return error;
  }
}
