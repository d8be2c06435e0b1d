import { expect, test } from "bun:test";
import { decodeJson } from "../../../src/signaling/json-codec.ts";
import { isOctateCodePeers, octatePeersCodec } from "../../../src/signaling/octatecode/peers-codec.ts";
import type { PeerMessage } from "../../../src/signaling/peer-codec.ts";
import { SessionError } from "../../../src/transport/close-reason.ts";

const read = (frame: unknown): PeerMessage => octatePeersCodec.decode(decodeJson(JSON.stringify(frame), 32));

test.each<[Record<string, unknown>, PeerMessage]>([
  [
    { type: "auth", roomId: "r", from: "p", data: { name: "Ada" } },
    { type: "join", roomId: "r", id: "p", name: "Ada" },
  ],
  [
    { type: "auth", roomId: "r", from: "p", data: { name: 5 } },
    { type: "join", roomId: "r", id: "p", name: "p" },
  ],
  [
    { type: "auth", roomId: "r", from: "p" },
    { type: "join", roomId: "r", id: "p", name: "p" },
  ],
  [
    { type: "leave", roomId: "r" },
    { type: "leave", roomId: undefined },
  ],
  [
    { type: "ice", roomId: "r", from: "a", to: "b", data: [1] },
    { type: "signal", kind: "ice", to: "b", content: { data: [1] } },
  ],
  [
    { type: "chat", roomId: "r", from: "a", data: { text: "hi" }, timestamp: 1 },
    { type: "signal", kind: "chat", to: undefined, content: { data: { text: "hi" }, timestamp: 1 } },
  ],
  [{ type: "bump" }, { type: "unknown" }],
])("%j is understood", (frame, message) => {
  expect(read(frame)).toEqual(message);
});

test.each([
  { type: "auth", from: "p" },
  { type: "auth", roomId: 5, from: "p" },
  { type: "auth", roomId: "r", from: null },
  { type: "offer", data: {} },
  { type: "answer", to: 5, data: {} },
])("%j is malformed", (frame) => {
  expect(() => read(frame)).toThrow(SessionError);
});

test("a client is recognised by an auth that names it in from", () => {
  expect(isOctateCodePeers({ type: "auth", from: "p" })).toBe(true);
  for (const other of [{ type: "auth" }, { type: "auth", from: "p", userId: "u" }, { type: "offer", from: "p" }]) {
    expect(isOctateCodePeers(other)).toBe(false);
  }
});

test("a signal without data is forwarded without it, and with its sender in both members that clients read", () => {
  const sender = { id: "a", name: "Ada", roomId: "r" };
  const signal = { type: "signal", kind: "offer", to: "b" } as const;
  const header = { type: "offer", roomId: "r", peerId: "a", from: "a", to: "b" };
  const encoded = (content: { readonly data: unknown }) =>
    octatePeersCodec.encodeSignal({ ...signal, content }, sender);
  expect(encoded({ data: 1 })).toBe(JSON.stringify({ ...header, data: 1 }));
  expect(encoded({ data: undefined })).toBe(JSON.stringify(header));
});
