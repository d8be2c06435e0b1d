import { expect, test } from "bun:test";
import { cliffyCodec, isCliffy } from "../../../src/signaling/cliffy/codec.ts";
import { decodeJson } from "../../../src/signaling/json-codec.ts";
import type { PeerMessage, PeerSignal } from "../../../src/signaling/peer-codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";

const read = (frame: unknown): PeerMessage => cliffyCodec.decode(decodeJson(JSON.stringify(frame), 32));

test.each<[Record<string, unknown>, PeerMessage]>([
  [
    { type: "join", roomId: "r", peerId: "p" },
    { type: "join", roomId: "r", id: "p", name: undefined },
  ],
  [
    { type: "join", roomId: "r", peerId: "p", peerName: "Ada", x: 1 },
    { type: "join", roomId: "r", id: "p", name: "Ada" },
  ],
  [
    { type: "join", roomId: "r", peerId: "p", peerName: null },
    { type: "join", roomId: "r", id: "p", name: undefined },
  ],
  [
    { type: "leave", roomId: "r", peerId: "somebody else" },
    { type: "leave", roomId: "r" },
  ],
  [
    { type: "offer", fromPeerId: "a", toPeerId: "b", sdp: "{}" },
    { type: "signal", kind: "offer", to: "b", content: { sdp: "{}" } },
  ],
  [
    { type: "answer", toPeerId: "b", sdp: "{}" },
    { type: "signal", kind: "answer", to: "b", content: { sdp: "{}" } },
  ],
  [
    { type: "ice-candidate", fromPeerId: 5, toPeerId: "b", candidate: "{}" },
    { type: "signal", kind: "ice-candidate", to: "b", content: { candidate: "{}" } },
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

test("a client is recognised by its join", () => {
  expect(isCliffy({ type: "join", peerId: "p" })).toBe(true);
  for (const other of [{ type: "join" }, { type: "join", peerId: 5 }, { type: "offer", peerId: "p" }]) {
    expect(isCliffy(other)).toBe(false);
  }
});

test.each<[PeerSignal, string]>([
  [
    { type: "signal", kind: "offer", to: "b", content: { sdp: '{"sdp":"v=0\\r\\n"}' } },
    '{"type":"offer","fromPeerId":"a","toPeerId":"b","sdp":"{\\"sdp\\":\\"v=0\\\\r\\\\n\\"}"}',
  ],
  [
    { type: "signal", kind: "ice-candidate", to: "b", content: { candidate: "{}" } },
    '{"type":"ice-candidate","fromPeerId":"a","toPeerId":"b","candidate":"{}"}',
  ],
])("%j is forwarded with the members of the wire format and no others", (signal, frame) => {
  expect(cliffyCodec.encodeSignal(signal, { id: "a", name: "Ada", roomId: "r" })).toBe(frame);
});
