import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { BoundExceeded, decodeJson } from "../../../src/signaling/json-codec.ts";
import { type ClientMessage, decode } from "../../../src/signaling/y-webrtc/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { changedBytes, changedText, nested, randomText, type SignalingFrame } from "./json-mutations.ts";

const topics = ["room", "room/with/slashes", "__proto__", "constructor", "日本", "", "\u0000", "x".repeat(300)];
const utf8 = new TextEncoder();

/** Frames of y-webrtc signaling: some as clients send them, the others with changed members or bytes. */
export function* signalingFrames(random: Random): Generator<SignalingFrame, never> {
  for (;;) yield signalingFrame(random);
}

/**
 * The type of the message that the server reads from a frame; undefined if it must end the session. It drops a message
 * that exceeds a bound as it does an unknown one.
 */
export function understood(frame: SignalingFrame): ClientMessage["type"] | undefined {
  if (frame.length === 0) return "unknown";
  try {
    return decode(decodeJson(frame, defaultLimits.jsonDepth), defaultLimits.topicsPerFrame).type;
  } catch (error) {
    if (error instanceof BoundExceeded) return "unknown";
    if (error instanceof SessionError) return undefined;
    throw error;
  }
}

function signalingFrame(random: Random): SignalingFrame {
  return changedFrame(random, () => message(random));
}

/** A valid message, as a client sends it or changed. */
export function changedFrame(random: Random, sound: () => Record<string, unknown>): SignalingFrame {
  const text = () => JSON.stringify(sound());
  return random.pick<() => SignalingFrame>([
    text,
    text,
    () => utf8.encode(text()),
    () => JSON.stringify(withOtherMember(random, sound())),
    () => JSON.stringify(withOtherMember(random, sound())),
    () => changedText(random, text()),
    () => changedText(random, text()),
    () => changedBytes(random, utf8.encode(text())),
    // The object has the same member twice, which JSON allows, or members that every JavaScript object has.
    () => text().replace("{", `{"type":${JSON.stringify(random.pick(["ping", 5, null]))},"__proto__":{"topic":"x"},`),
    () => nested(random, '{"type":"publish","topic":"room","data":'),
    () => randomText(random),
  ])();
}

function message(random: Random): Record<string, unknown> {
  const some = () => random.some(topics, 0.3);
  return random.pick<() => Record<string, unknown>>([
    () => ({ type: "ping" }),
    () => ({ type: "subscribe", topics: some() }),
    () => ({ type: "unsubscribe", topics: some() }),
    () => ({ type: "publish", topic: random.pick(topics), data: { type: "announce", from: `${random.integer(9)}` } }),
    () => ({
      type: "publish",
      topic: random.pick(topics),
      data: { type: "signal", to: "1", from: "2", token: random.real(), signal: { type: "offer", sdp: "v=0\r\n" } },
    }),
    () => ({ type: "publish", topic: random.pick(topics), data: "AAAA", clients: -1 }),
  ])();
}

function withOtherMember(random: Random, original: Record<string, unknown>): Record<string, unknown> {
  const value = random.pick<() => unknown>([
    () => null,
    () => random.integer(9),
    () => 1e308,
    () => "text",
    () => [],
    () => [null],
    () => ["room", 5],
    () => Array.from({ length: random.pick([100, 101, 1_000]) }, (_, index) => `topic ${index}`),
    () => ({}),
    () => true,
    () => "\ud800",
  ])();
  return { ...original, [random.pick([...Object.keys(original), "type", "topics", "more"])]: value };
}
