import { defaultLimits } from "../../../src/composition/settings/limits.ts";
import { BoundExceeded } from "../../../src/signaling/json-codec.ts";
import { type ClientMessage, decode } from "../../../src/signaling/peerjs/codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";
import type { Random } from "../../../test/support/bytes/random.ts";
import { changedBytes, changedText, nested, randomText, type SignalingFrame } from "./json-mutations.ts";

/** Peer ids, among them those with which the fuzz connects. */
const ids = ["fuzz 0", "fuzz 1", "fuzz 2", "unknown", "__proto__", "constructor", "日本", "x".repeat(256)];
const utf8 = new TextEncoder();

/** Frames of PeerJS: some as clients send them, the others with changed members or bytes. */
export function* peerjsFrames(random: Random): Generator<SignalingFrame, never> {
  for (;;) yield peerjsFrame(random);
}

/**
 * The type of the message that the server reads from a frame; undefined if it must end the session. A message that
 * exceeds a bound, or to an id that no client can have, is refused alone.
 */
export function understoodByPeerjs(frame: SignalingFrame): ClientMessage["type"] | undefined {
  try {
    return decode(frame, defaultLimits.jsonDepth).type;
  } catch (error) {
    if (error instanceof BoundExceeded) return "unknown";
    if (error instanceof SessionError) return undefined;
    throw error;
  }
}

function peerjsFrame(random: Random): SignalingFrame {
  const text = () => JSON.stringify(message(random));
  return random.pick<() => SignalingFrame>([
    text,
    text,
    text,
    () => utf8.encode(text()),
    () => JSON.stringify(withOtherMember(random, message(random))),
    () => JSON.stringify(withOtherMember(random, message(random))),
    () => changedText(random, text()),
    () => changedBytes(random, utf8.encode(text())),
    () => text().replace("{", `{"dst":${JSON.stringify(random.pick(["unknown", 5, null]))},"__proto__":{"dst":"x"},`),
    () => nested(random, '{"type":"OFFER","dst":"unknown","payload":'),
    () => randomText(random),
  ])();
}

function message(random: Random): Record<string, unknown> {
  const dst = random.pick(ids);
  const connection = { type: "data", connectionId: `dc_${random.integer(9)}` };
  return random.pick<() => Record<string, unknown>>([
    () => ({ type: "HEARTBEAT" }),
    () => ({ type: "OFFER", dst, payload: { ...connection, sdp: { type: "offer", sdp: "v=0\r\n" } } }),
    () => ({ type: "ANSWER", dst, payload: { ...connection, sdp: { type: "answer", sdp: "v=0\r\n" } } }),
    () => ({ type: "CANDIDATE", dst, payload: { ...connection, candidate: { candidate: "", sdpMid: "0" } } }),
    () => ({ type: "CANDIDATE", dst, payload: "x".repeat(random.pick([100, 10_000, 60_000])) }),
    () => ({ type: "LEAVE", dst }),
    () => ({ type: "EXPIRE", src: random.pick(ids), dst }),
  ])();
}

function withOtherMember(random: Random, original: Record<string, unknown>): Record<string, unknown> {
  const value = random.pick<unknown>([
    null,
    7,
    1e308,
    "text",
    "",
    [],
    [null],
    {},
    true,
    "\ud800",
    "a\nb",
    "x".repeat(300),
  ]);
  return { ...original, [random.pick(["type", "src", "dst", "payload", "more"])]: value };
}
