import { expect, test } from "bun:test";
import {
  type ClientMessage,
  decode,
  encodeSignal,
  isCliffy,
  type Signal,
} from "../../../src/signaling/cliffy/codec.ts";
import { decodeJson } from "../../../src/signaling/json-codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";

const read = (frame: unknown): ClientMessage => decode(decodeJson(JSON.stringify(frame), 32));

test.each<[Record<string, unknown>, ClientMessage]>([
  [
    { type: "join", roomId: "r", peerId: "p" },
    { type: "join", roomId: "r", peerId: "p", peerName: undefined },
  ],
  [
    { type: "join", roomId: "r", peerId: "p", peerName: "Ada", x: 1 },
    { type: "join", roomId: "r", peerId: "p", peerName: "Ada" },
  ],
  [
    { type: "join", roomId: "r", peerId: "p", peerName: null },
    { type: "join", roomId: "r", peerId: "p", peerName: undefined },
  ],
  [
    { type: "leave", roomId: "r", peerId: "somebody else" },
    { type: "leave", roomId: "r" },
  ],
  [
    { type: "offer", fromPeerId: "a", toPeerId: "b", sdp: "{}" },
    { type: "offer", toPeerId: "b", sdp: "{}" },
  ],
  [
    { type: "answer", toPeerId: "b", sdp: "{}" },
    { type: "answer", toPeerId: "b", sdp: "{}" },
  ],
  [
    { type: "ice-candidate", fromPeerId: 5, toPeerId: "b", candidate: "{}" },
    { type: "ice-candidate", toPeerId: "b", candidate: "{}" },
  ],
  [{ type: "bump" }, { type: "unknown" }],
])("%j is understood", (frame, message) => {
  expect(read(frame)).toEqual(message);
});

test.each([
  { type: "join", peerId: "p" },
  { type: "join", roomId: 5, peerId: "p" },
  { type: "join", roomId: "r", peerId: ["p"] },
  { type: "join", roomId: "r", peerId: "p", peerName: {} },
  { type: "leave" },
  { type: "offer", toPeerId: "b" },
  { type: "offer", sdp: "{}" },
  { type: "answer", toPeerId: "b", sdp: { type: "answer" } },
  { type: "ice-candidate", toPeerId: "b", candidate: null },
])("%j is malformed", (frame) => {
  expect(() => read(frame)).toThrow(SessionError);
});

test("a client is known by its join", () => {
  expect(isCliffy({ type: "join", peerId: "p" })).toBe(true);
  for (const other of [{ type: "join" }, { type: "join", peerId: 5 }, { type: "offer", peerId: "p" }]) {
    expect(isCliffy(other)).toBe(false);
  }
});

test.each<[Signal, string]>([
  [
    { type: "offer", toPeerId: "b", sdp: '{"sdp":"v=0\\r\\n"}' },
    '{"type":"offer","fromPeerId":"a","toPeerId":"b","sdp":"{\\"sdp\\":\\"v=0\\\\r\\\\n\\"}"}',
  ],
  [
    { type: "ice-candidate", toPeerId: "b", candidate: "{}" },
    '{"type":"ice-candidate","fromPeerId":"a","toPeerId":"b","candidate":"{}"}',
  ],
])("%j is forwarded with the members of the wire format and no others", (signal, frame) => {
  expect(encodeSignal(signal, "a")).toBe(frame);
});
